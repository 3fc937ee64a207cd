import type Fuse from 'fuse-native'
import { promisify } from 'node:util'
import type { ByteString } from '../../../src/base/byte-string.ts'
import { MountError, errnoOf } from '../../../src/base/errors.ts'
import type { MountProblem } from '../../mount.ts'
import type { MountTree } from '../../tree/mount-tree.ts'
import { clearMountPoint } from '../kernel/clear-mount-point.ts'
import { knownRefusal } from '../kernel/mount-errors.ts'
import { endMount } from '../kernel/unmount.ts'
import { nativeOperations } from './native-operations.ts'

/** Bytes of one READ. */
const READ_BYTES_MAX = 1 << 20
/** How long the kernel believes what it saw: of all folders alike, also of those that change. */
const VALID_SECONDS = 1
/** How long a question may take, a store far away included. */
const ANSWER_MS_MAX = 60_000
const CONCURRENT_QUESTIONS_MAX = 16
const IDLE_MS = 3_600_000
const LOOP_ENDED = 'EFUSELOOPEXIT'
/** Of a problem that no file has. */
const NOWHERE = '' as ByteString

export interface NativeMountOptions {
  /** An absolute path without symbolic links. */
  readonly mountPoint: string
  readonly tree: MountTree
  /** Lets other users in, each to what the stored modes and owners let him. */
  readonly allowOther: boolean
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
  /** Told of what cannot be read. */
  readonly onProblem: (problem: MountProblem) => void
}

/** A file system that libfuse has mounted, answered on this thread. */
export interface NativeMount {
  /** Resolves once it is no longer mounted, whoever ended it. */
  readonly ended: Promise<void>
  /** As of `KernelDevice`. */
  unmount(): Promise<void>
  detach(): Promise<void>
}

/**
 * Mounts `tree` through libfuse; a dead mount there is replaced.
 *
 * @throws {MountError} MOUNT_UNAVAILABLE: libfuse 3 is missing, or refuses; the hint says what to install; MOUNT_BUSY:
 *   something is mounted there.
 */
export async function openNativeMount(options: NativeMountOptions): Promise<NativeMount> {
  const { mountPoint, tree, allowOther, searchPath, onProblem } = options
  if (process.platform === 'linux') await clearMountPoint(mountPoint, searchPath)
  const { promise: ended, resolve: onEnd } = Promise.withResolvers<undefined>()
  const isRoot = process.geteuid?.() === 0
  const fuse = new (await loadFuse())(
    mountPoint,
    nativeOperations({ tree, enforcesAcls: allowOther, onProblem, onEnd: () => onEnd(undefined) }),
    {
      allowOther: allowOther && !isRoot,
      defaultPermissions: allowOther,
      autoCache: true,
      entryTimeout: VALID_SECONDS,
      attrTimeout: VALID_SECONDS,
      fsname: 'tidemark',
      subtype: 'tidemark',
      maxRead: READ_BYTES_MAX,
      maxConcurrency: CONCURRENT_QUESTIONS_MAX,
      timeout: ANSWER_MS_MAX,
      // Its loop ends whenever somebody unmounts, and it calls that an error.
      onError: (error) => (errnoOf(error) === LOOP_ENDED ? onEnd(undefined) : onProblem({ path: NOWHERE, error })),
    },
  )
  // The kernel refuses what would write before anybody is asked; root lets others in without leave of /etc/fuse.conf.
  addOptions(fuse, allowOther && isRoot ? 'ro,allow_other' : 'ro')
  await promisify(fuse.mount.bind(fuse))().catch((error: unknown) => {
    throw refused(mountPoint, error)
  })
  // Questions come from threads that Node does not count among what it lives for.
  const alive = setInterval(() => undefined, IDLE_MS)
  void ended.then(() => clearInterval(alive))
  const end = async (lazy: boolean): Promise<void> =>
    process.platform === 'linux'
      ? endMount({ mountPoint, searchPath, lazy })
      : promisify(fuse.unmount.bind(fuse))().then(() => undefined)
  return { ended, unmount: () => end(false), detach: () => end(true) }
}

/** Mounts with options that the library has none of its own for, or refuses. */
function addOptions(fuse: Fuse, added: string): void {
  const making = fuse as unknown as { _fuseOptions: () => string }
  const options = `${making._fuseOptions()},${added}`
  making._fuseOptions = () => options
}

async function loadFuse(): Promise<typeof Fuse> {
  try {
    return (await import('fuse-native')).default
  } catch (cause) {
    throw new MountError('MOUNT_UNAVAILABLE', 'nothing can be mounted: libfuse 3 cannot be loaded', {
      hint: 'Install the package fuse3 (on macOS macFUSE 5.3 or later), or on Linux leave out --transport native.',
      cause,
    })
  }
}

function refused(mountPoint: string, error: unknown): MountError {
  const reason = error instanceof Error ? error.message : (errnoOf(error) ?? 'unknown reason')
  const known = knownRefusal(mountPoint, reason)
  if (known !== undefined) return known
  return new MountError('MOUNT_UNAVAILABLE', `${mountPoint} cannot be mounted: ${reason}`, {
    hint: 'Check that it is a directory that you own, and that fuse3 (on macOS macFUSE) is installed.',
    cause: error,
  })
}
