import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { KeyError } from '../base/errors.ts'
import { type ObjectId, parseObjectId } from '../base/ids.ts'
import { checkKdfParameters, type KdfParameters } from '../crypto/kdf.ts'
import type { ObjectName } from '../storage/driver.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const FILE_BYTES_MAX = 1 << 14
const OBJECTS_MAX = 32
const SALT_BYTES_MAX = 64

/** What a password's key is derived with, as the header of its slot says in clear. */
export interface RecalledSlot {
  readonly id: ObjectId
  readonly salt: Uint8Array
  readonly kdf: KdfParameters
}

/** What opening a repository needed of its store the last time: names, and nothing that opens anything. */
export interface RecalledOpening {
  /** Configs and slots. */
  readonly objects: readonly ObjectName[]
  /** The one slot that a password may be for. */
  readonly slot: RecalledSlot | undefined
}

/** Of a folder of this machine nothing is worth being kept but that there was a repository. */
export const ONLY_OPENED: RecalledOpening = { objects: [], slot: undefined }

/**
 * Keeps what opening the repository at `url` needed, for the next time to ask for it at once. See docs/decisions/0127.
 *
 * @throws {StorageError} STORE_FAILED
 */
export function rememberOpening(cacheDirectory: string, url: string, opening: RecalledOpening): void {
  writePrivateFile(fileOf(cacheDirectory, url), encode(opening))
}

/**
 * Returns what was needed the last time, or `undefined` where that is not known.
 *
 * @throws {StorageError} STORE_FAILED: the file cannot be read.
 */
export function recallOpening(cacheDirectory: string, url: string): RecalledOpening | undefined {
  const bytes = readPrivateFile(fileOf(cacheDirectory, url), FILE_BYTES_MAX)
  return bytes === undefined ? undefined : decode(bytes)
}

/** Tells whether a repository at `url` was opened from here before, and nothing more of one that is a folder of this machine. */
export function wasOpened(cacheDirectory: string, url: string): boolean {
  return existsSync(fileOf(cacheDirectory, url))
}

/** Forgets what opening any repository needed. */
export async function forgetOpenings(cacheDirectory: string): Promise<void> {
  await rm(folderOf(cacheDirectory), { force: true, recursive: true })
}

export function isSameOpening(a: RecalledOpening | undefined, b: RecalledOpening): boolean {
  return a !== undefined && Buffer.compare(encode(a), encode(b)) === 0
}

/** One line a name, and one for what the key is derived with. */
function encode({ objects, slot }: RecalledOpening): Uint8Array {
  const names = objects.map(({ kind, id }) => `${kind} ${id}`).toSorted()
  const { memoryKib, passes, lanes } = slot?.kdf ?? {}
  const derived = slot === undefined ? [] : [['slot', slot.id, toHex(slot.salt), memoryKib, passes, lanes].join(' ')]
  return utf8([...names, ...derived].join('\n'))
}

function decode(bytes: Uint8Array): RecalledOpening | undefined {
  const objects: ObjectName[] = []
  let slot: RecalledSlot | undefined
  for (const line of Buffer.from(bytes).toString('latin1').split('\n')) {
    const [kind, text = '', ...words] = line.split(' ')
    const id = parseObjectId(text)
    if (id === undefined || objects.length === OBJECTS_MAX) return undefined
    if (kind === 'config' || kind === 'keys') objects.push({ kind, id })
    else if (kind === 'slot') slot = decodeSlot(id, words)
    else return undefined
  }
  return { objects, slot }
}

function decodeSlot(id: ObjectId, [salt = '', ...numbers]: readonly string[]): RecalledSlot | undefined {
  const [memoryKib = 0, passes = 0, lanes = 0] = numbers.map(Number)
  const bytes = fromHex(salt)
  if (bytes === undefined || bytes.byteLength > SALT_BYTES_MAX) return undefined
  const kdf = { memoryKib, passes, lanes }
  try {
    checkKdfParameters(kdf)
  } catch (error) {
    if (error instanceof KeyError) return undefined
    throw error
  }
  return { id, salt: bytes, kdf }
}

function fileOf(cacheDirectory: string, url: string): string {
  return join(folderOf(cacheDirectory), createHash('sha256').update(url).digest('hex').slice(0, 32))
}

function folderOf(cacheDirectory: string): string {
  return join(cacheDirectory, 'openings')
}
