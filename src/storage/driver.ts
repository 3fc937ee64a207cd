import type { ObjectId } from '../base/ids.ts'

/** Every kind of object that a repository keeps; also the folder it lies in. */
export const OBJECT_KINDS = [
  'config',
  'keys',
  'packs',
  'index',
  'points',
  'instances',
  'runs',
  'marks',
  'dead',
  'lost',
  'tombstones',
  'notes',
] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

/**
 * In which order several kinds are listed, line after line, those of a line in any order. A writer relies on it; and it is alphabetical,
 * as stores list names. See docs/decisions/0056-few-requests.md.
 */
export const LISTING_ORDER: readonly (readonly ObjectKind[])[] = [
  ['config', 'dead', 'index', 'instances', 'keys'],
  ['lost', 'marks', 'notes', 'packs'],
  ['points', 'runs', 'tombstones'],
]

export interface ObjectName {
  readonly kind: ObjectKind
  readonly id: ObjectId
}

export interface ObjectInfo {
  readonly name: ObjectName
  /** Size in bytes. */
  readonly bytes: number
}

/** Bytes [offset, offset + length) of an object. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Something that a writer which died left in the store: no object, and nobody's any more. */
export interface Leftover {
  /** Where it lies, as a person would look for it. */
  readonly path: string
  /** Size in bytes. */
  readonly bytes: number
}

export interface DriverCapabilities {
  /**
   * A put under a taken name is refused by the store itself, also when two writers race. Without it, a put may replace
   * what has the name: harmless where names are hashes of contents, as a repository's are. May change while a store is
   * in use, as more is learnt of it.
   */
  readonly exclusivePut: boolean
  /** Objects survive the process. */
  readonly persistent: boolean
  /** How many calls at once this store serves well. */
  readonly concurrency: number
  /** A call costs next to nothing beside its bytes, as on a channel that stays open: more and smaller ones begin sooner. */
  readonly cheapCalls?: boolean
}

/**
 * Keeps a repository's objects somewhere. Objects are immutable: put once, never changed, perhaps removed.
 *
 * Every driver passes `test/contract/driver-contract.ts`. A call that was aborted by its signal rejects with the
 * signal's reason and may or may not have taken effect. Every other failure is a `StorageError`; what may pass by
 * itself carries `retry: 'transient'`. A store that cannot be reached is STORE_UNAVAILABLE for every call, never
 * NOT_FOUND or an empty listing. Any number of calls may run at once.
 */
export interface Driver extends AsyncDisposable {
  readonly capabilities: DriverCapabilities
  /** The location as a user would write it, without secrets. */
  readonly location: string

  /**
   * Stores `parts`, one after the other, as one object. Once resolved: durable and whole.
   *
   * The parts may lie in shared memory; the caller leaves them unchanged until the promise settles.
   * @throws {StorageError} EXISTS when the name is taken (the stored object is left as it is; without `exclusivePut` it
   * may be replaced instead); STORE_FULL, STORE_READ_ONLY, STORE_DENIED, STORE_UNAVAILABLE, STORE_FAILED. Never leaves a part behind under the name. Once
   * EXISTS is thrown, the object that has the name is durable, too. After another failure the object may be there.
   */
  put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void>

  /**
   * Returns the whole object, or exactly `range`, in an array and a buffer of its own. An empty range may lie at the
   * object's end.
   * @throws {StorageError} NOT_FOUND; OUT_OF_RANGE when the range does not lie inside the object.
   */
  get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array>

  /** @throws {StorageError} NOT_FOUND */
  stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo>

  /**
   * Lists every object of `kind`, each once, in no order. What is not an object's name is passed over. Objects put or
   * removed meanwhile may or may not be given. A listing that cannot be completed throws; it never just ends early.
   */
  list(kind: ObjectKind, signal?: AbortSignal): AsyncIterable<ObjectInfo>

  /**
   * Lists several kinds, each as `list` does, where a store tells of many with fewer requests. Kinds are looked at in
   * the order of `LISTING_ORDER`, or all at the same moment: of no line is anything told that is older than what is told
   * of those before it. Called through `listInTurn`.
   */
  readonly listKinds?: ListKinds | undefined

  /**
   * Removes the object; one that is not there is no error. Not necessarily durable: after a loss of power the object
   * may be there again, whole.
   */
  remove(name: ObjectName, signal?: AbortSignal): Promise<void>

  /**
   * Returns the path of a file on this machine whose bytes are exactly the object's, which readers may open
   * themselves, or `undefined` where a store has none. It may have been removed by the time it is opened.
   */
  localFile(name: ObjectName): string | undefined

  /** Lists what writers that died left behind, where a store keeps such things; writers at work have theirs among it. */
  leftovers?(signal?: AbortSignal): AsyncIterable<Leftover>

  /** Returns how much room the store has, where it can tell. */
  space?(signal?: AbortSignal): Promise<StoreSpace | undefined>
}

/** A driver that takes objects piece by piece, so that no more of one than a piece need be in memory. */
export interface StreamingDriver extends Driver {
  /**
   * Stores what `body` gives as one object, as `put` does, under the name that `nameOf` returns once all of it came.
   * When either throws, nothing is left and that is thrown. Pieces are asked for as they are written.
   */
  putStream(body: AsyncIterable<Uint8Array>, nameOf: () => ObjectName, signal?: AbortSignal): Promise<void>
}

export type ListKinds = (kinds: readonly ObjectKind[], signal?: AbortSignal) => AsyncIterable<ObjectInfo>

/** Room of a store, in bytes; `free` is what its user may still use. */
export interface StoreSpace {
  readonly free: number
  readonly total: number
}

/** Where an object lies below a store's root: packs fan out over 256 folders, `packs/<aa>/<id>`. */
export function objectPath(name: ObjectName): string {
  return name.kind === 'packs' ? packPath(name.id) : `${name.kind}/${name.id}`
}

/** Where the pack with this id (hex) lies below a store's root, which is what all messages call it. */
export function packPath(id: string): string {
  return `packs/${id.slice(0, 2)}/${id}`
}
