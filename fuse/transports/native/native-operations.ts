import type Fuse from 'fuse-native'
import { constants as fileConstants } from 'node:fs'
import { constants } from 'node:os'
import { NAME_BYTES_MAX } from '../../../src/base/limits.ts'
import type { Attributes } from '../../protocol/attributes.ts'
import type { MountNode, MountTree } from '../../tree/mount-tree.ts'
import { nameOf, pathOf, textOf } from './percent-names.ts'

const { EIO, EISDIR, ENOENT, ENOTDIR, EINVAL, EROFS } = constants.errno
const { O_RDONLY, S_IFDIR, S_IFMT, W_OK } = fileConstants
/** The bits of open(2)'s flags that say for what. */
const O_ACCMODE = 3
const BLOCK_BYTES = 4096

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
  /** Told of what cannot be read; whoever asked sees EIO. */
  readonly onProblem: (problem: unknown) => void
  /** Called once the file system is no longer mounted. */
  readonly onEnd: () => void
}

/** Returns the operations of a file system that shows `tree` and refuses to be changed. */
export function nativeOperations({ tree, onProblem, onEnd }: NativeOperationsOptions): Fuse.OPERATIONS {
  const open = new Map<number, MountNode>()
  let lastHandle = 0

  async function nodeAt(path: string | null): Promise<MountNode> {
    const node = path === null ? undefined : await tree.lookup(pathOf(path))
    if (node === undefined) throw new Refusal(ENOENT)
    return node
  }

  /** Asks for something, and answers `refuse` with what went wrong. */
  function answering<T>(asked: Promise<T>, refuse: Answer, answer: (value: T) => void): void {
    asked.then(answer, (error: unknown) => {
      if (!(error instanceof Refusal)) onProblem(error)
      refuse(-(error instanceof Refusal ? error.errno : EIO))
    })
  }

  return {
    ...writingOperations,
    destroy: (answer) => {
      onEnd()
      answer(0)
    },
    getattr: (path, answer) =>
      answering(nodeAt(path), answer, ({ attributes }) => answer(0, attributes satisfies Fuse.Stats & Attributes)),
    readlink: (path, answer) =>
      answering(nodeAt(path), answer, ({ target }) =>
        target === undefined ? answer(-EINVAL) : answer(0, textOf(target)),
      ),
    readdir: (path, answer) => answering(listing(nodeAt(path)), answer, (names) => answer(0, names)),
    open: (path, flags, answer) =>
      answering(nodeAt(path), answer, (node) => {
        if ((flags & O_ACCMODE) !== O_RDONLY) return answer(-EROFS)
        if ((node.attributes.mode & S_IFMT) === S_IFDIR) return answer(-EISDIR)
        lastHandle++
        open.set(lastHandle, node)
        answer(0, lastHandle)
      }),
    release: (_path, handle, answer) => {
      open.delete(Number(handle))
      answer(0)
    },
    readBuffer: (path, handle, length, position, answer) => {
      const node = open.get(Number(handle))
      const reading = (node === undefined ? nodeAt(path) : Promise.resolve(node)).then((found) =>
        found.read({ offset: Number(position), length }),
      )
      answering(reading, answer, (bytes) => answer(0, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
    },
    getxattr: (path, name, _position, answer) =>
      answering(nodeAt(path), answer, (node) => {
        const value = node.xattr(nameOf(name))
        answer(0, value === undefined ? null : Buffer.from(value))
      }),
    listxattr: (path, answer) => answering(nodeAt(path), answer, ({ xattrNames }) => answer(0, xattrNames.map(textOf))),
    access: (path, mode, answer) => answering(nodeAt(path), answer, () => answer((mode & W_OK) === 0 ? 0 : -EROFS)),
    statfs: (_path, answer) => answer(0, { bsize: BLOCK_BYTES, frsize: BLOCK_BYTES, namemax: NAME_BYTES_MAX }),
  }
}

async function listing(asked: Promise<MountNode>): Promise<string[]> {
  const node = await asked
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
