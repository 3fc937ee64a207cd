import type Fuse from 'fuse-native'
import { constants as fileConstants } from 'node:fs'
import { constants } from 'node:os'
import { NAME_BYTES_MAX } from '../../../src/base/limits.ts'
import type { MountProblem } from '../../mount.ts'
import type { MountNode, MountTree } from '../../tree/mount-tree.ts'
import { nameOf, pathOf, textOf } from './percent-names.ts'

const { EIO, ENOENT, ENOTDIR, EINVAL, EROFS } = constants.errno
const { O_RDONLY, S_IFDIR, S_IFMT, W_OK } = fileConstants
/** The bits of open(2)'s flags that say for what. */
const O_ACCMODE = 3
const BLOCK_BYTES = 4096
/** Of libfuse's `fuse_common.h`. */
const FUSE_CAP_POSIX_ACL = 1 << 19

type Answer = (result: Fuse.Result) => void

/** Ends a question with an error number that the one who asked is to see. */
class Refusal extends Error {
  readonly errno: number

  constructor(errno: number) {
    super(`error ${errno}`)
    this.errno = errno
  }
}

export interface NativeOperationsOptions {
  readonly tree: MountTree
  /** Has the kernel go by access lists, too, where it can: the group's bits of a file that has one are its mask. */
  readonly enforcesAcls: boolean
  /** Told of what cannot be read; whoever asked sees EIO. */
  readonly onProblem: (problem: MountProblem) => void
  /** Called once the file system is no longer mounted. */
  readonly onEnd: () => void
}

interface ReadQuestion {
  readonly handle: Fuse.FileHandle
  readonly offset: Fuse.Int64
  readonly length: number
}

/** Returns the operations of a file system that shows `tree` and refuses to be changed. */
export function nativeOperations(options: NativeOperationsOptions): Fuse.OPERATIONS {
  const { tree, enforcesAcls, onProblem, onEnd } = options
  const open = new Map<number, MountNode>()
  let lastHandle = 0

  async function nodeAt(path: string | null): Promise<MountNode> {
    const node = path === null ? undefined : await tree.lookup(pathOf(path))
    if (node === undefined) throw new Refusal(ENOENT)
    return node
  }

  /** Finds what is at `path` for `answer`, and tells `refuse` what goes wrong. */
  function at(path: string | null, refuse: Answer, answer: (node: MountNode) => void | Promise<void>): void {
    answering(path, refuse, nodeAt(path).then(answer))
  }

  function answering(path: string | null, refuse: Answer, answered: Promise<void>): void {
    answered.catch((error: unknown) => {
      if (!(error instanceof Refusal)) onProblem({ path: pathOf(path ?? ''), error })
      refuse(-(error instanceof Refusal ? error.errno : EIO))
    })
  }

  async function read(path: string | null, { handle, offset, length }: ReadQuestion): Promise<Buffer> {
    // An open file goes on as what it was opened as, whatever its path leads to now.
    const node = open.get(Number(handle)) ?? (await nodeAt(path))
    const bytes = await node.read({ offset: Number(offset), length })
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  return {
    ...writingOperations,
    initWithConfig: ({ capable, want }, answer) =>
      answer(0, { want: enforcesAcls ? want | (capable & FUSE_CAP_POSIX_ACL) : want }),
    destroy: (answer) => {
      onEnd()
      answer(0)
    },
    getattr: (path, answer) => at(path, answer, ({ attributes }) => answer(0, attributes)),
    readlink: (path, answer) =>
      at(path, answer, ({ target }) => (target === undefined ? answer(-EINVAL) : answer(0, textOf(target)))),
    readdir: (path, answer) => at(path, answer, async (node) => answer(0, await listing(node))),
    open: (path, flags, answer) =>
      at(path, answer, (node) => {
        if ((flags & O_ACCMODE) !== O_RDONLY) return answer(-EROFS)
        lastHandle++
        open.set(lastHandle, node)
        answer(0, lastHandle)
      }),
    release: (_path, handle, answer) => {
      open.delete(Number(handle))
      answer(0)
    },
    readBuffer: (path, handle, length, offset, answer) =>
      answering(
        path,
        answer,
        read(path, { handle, offset, length }).then((bytes) => answer(0, bytes)),
      ),
    getxattr: (path, name, _position, answer) =>
      at(path, answer, (node) => {
        const value = node.xattr(nameOf(name))
        answer(0, value === undefined ? null : Buffer.from(value))
      }),
    listxattr: (path, answer) => at(path, answer, ({ xattrNames }) => answer(0, xattrNames.map(textOf))),
    access: (path, mode, answer) => at(path, answer, () => answer((mode & W_OK) === 0 ? 0 : -EROFS)),
    statfs: (_path, answer) => answer(0, { bsize: BLOCK_BYTES, frsize: BLOCK_BYTES, namemax: NAME_BYTES_MAX }),
  }
}

async function listing(node: MountNode): Promise<string[]> {
  if ((node.attributes.mode & S_IFMT) !== S_IFDIR) throw new Refusal(ENOTDIR)
  return ['.', '..', ...(await node.names()).map(textOf)]
}

/** Answers any question with EROFS. */
function refuse(...question: readonly unknown[]): void {
  ;(question.at(-1) as Answer)(-EROFS)
}

const writingOperations = {
  chmod: refuse,
  chown: refuse,
  create: refuse,
  fallocate: refuse,
  link: refuse,
  mkdir: refuse,
  mknod: refuse,
  removexattr: refuse,
  rename: refuse,
  rmdir: refuse,
  setxattr: refuse,
  symlink: refuse,
  truncate: refuse,
  unlink: refuse,
  utimens: refuse,
  write: refuse,
}
