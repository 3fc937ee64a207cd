import { constants } from 'node:os'
import {
  FOPEN_CACHE_DIR,
  FOPEN_KEEP_CACHE,
  FUSE_ACCESS,
  FUSE_BATCH_FORGET,
  FUSE_COPY_FILE_RANGE,
  FUSE_CREATE,
  FUSE_DESTROY,
  FUSE_FALLOCATE,
  FUSE_FLUSH,
  FUSE_FORGET,
  FUSE_FSYNC,
  FUSE_FSYNCDIR,
  FUSE_GETATTR,
  FUSE_GETXATTR,
  FUSE_INTERRUPT,
  FUSE_IOCTL,
  FUSE_LINK,
  FUSE_LISTXATTR,
  FUSE_LOOKUP,
  FUSE_LSEEK,
  FUSE_MKDIR,
  FUSE_MKNOD,
  FUSE_NO_OPENDIR_SUPPORT,
  FUSE_NO_OPEN_SUPPORT,
  FUSE_OPEN,
  FUSE_OPENDIR,
  FUSE_READ,
  FUSE_READDIR,
  FUSE_READDIRPLUS,
  FUSE_READLINK,
  FUSE_RELEASE,
  FUSE_RELEASEDIR,
  FUSE_REMOVEXATTR,
  FUSE_RENAME,
  FUSE_RENAME2,
  FUSE_RMDIR,
  FUSE_SETATTR,
  FUSE_SETXATTR,
  FUSE_STATFS,
  FUSE_SYMLINK,
  FUSE_TMPFILE,
  FUSE_UNLINK,
  FUSE_WRITE,
} from '../protocol/constants.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { encodeOpen, encodeStatfs } from '../protocol/replies.ts'
import { BatchForgetBody, ForgetBody, InterruptBody } from '../protocol/request-bodies.ts'
import type { Request } from '../protocol/request.ts'
import { DirectoryAnswers } from './directory-answers.ts'
import { FileAnswers } from './file-answers.ts'
import type { HandlerContext } from './handler-context.ts'
import type { Missing, Outcome } from './missing.ts'
import { XattrAnswers } from './xattr-answers.ts'

const { ENOSYS, ENOTTY, EROFS } = constants.errno

/** What statfs(2) tells: there is room for nothing. */
const FULL = { blocks: 0, blocksFree: 0, files: 0, blockBytes: 4096, nameBytesMax: 255 }

/**
 * Answers requests from shared memory, on any thread. What is not there it names, and has then done nothing that the
 * kernel could tell: the same request can be handled again.
 */
export class RequestHandler {
  readonly #context: HandlerContext
  readonly #directories: DirectoryAnswers
  readonly #files: FileAnswers
  readonly #xattrs: XattrAnswers
  readonly #forget = new ForgetBody()
  readonly #interrupt = new InterruptBody()

  constructor(context: HandlerContext) {
    this.#context = context
    this.#directories = new DirectoryAnswers(context)
    this.#files = new FileAnswers(context)
    this.#xattrs = new XattrAnswers(context)
  }

  /** Answers a request that was accepted; returns what is missing when it cannot. */
  handle(request: Request): Missing | undefined {
    try {
      const outcome = this.#answer(request)
      if (outcome === 'replied') return undefined
      if (typeof outcome === 'object') return outcome
      this.#context.writer.fail(request, outcome)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#context.writer.fail(request, error.errno)
    }
    return undefined
  }

  #answer(request: Request): Outcome {
    switch (request.opcode) {
      case FUSE_LOOKUP:
        return this.#directories.lookUp(request)
      case FUSE_GETATTR:
        return this.#directories.getAttributes(request)
      case FUSE_READDIR:
        return this.#directories.list(request, { isPlus: false })
      case FUSE_READDIRPLUS:
        return this.#directories.list(request, { isPlus: true })
      case FUSE_READLINK:
        return this.#files.readLink(request)
      case FUSE_READ:
        return this.#files.read(request)
      case FUSE_LSEEK:
        return this.#files.seek(request)
      case FUSE_GETXATTR:
        return this.#xattrs.get(request)
      case FUSE_LISTXATTR:
        return this.#xattrs.list(request)
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
        return this.#forgetNodes(request)
      default:
        return this.#answerSimply(request)
    }
  }

  /** What has the same answer for all nodes. */
  #answerSimply(request: Request): Outcome {
    switch (request.opcode) {
      case FUSE_OPEN:
        return this.#open(request, FUSE_NO_OPEN_SUPPORT, FOPEN_KEEP_CACHE)
      case FUSE_OPENDIR:
        return this.#open(request, FUSE_NO_OPENDIR_SUPPORT, FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR)
      case FUSE_STATFS:
        return this.#send(request, encodeStatfs(this.#context.writer.message, FULL))
      case FUSE_RELEASE:
      case FUSE_RELEASEDIR:
      case FUSE_DESTROY:
        return this.#send(request, 0)
      case FUSE_INTERRUPT:
        return this.#noteInterrupt(request)
      case FUSE_IOCTL:
        return ENOTTY
      case FUSE_SETATTR:
      case FUSE_SYMLINK:
      case FUSE_MKNOD:
      case FUSE_MKDIR:
      case FUSE_UNLINK:
      case FUSE_RMDIR:
      case FUSE_RENAME:
      case FUSE_RENAME2:
      case FUSE_LINK:
      case FUSE_WRITE:
      case FUSE_SETXATTR:
      case FUSE_REMOVEXATTR:
      case FUSE_CREATE:
      case FUSE_TMPFILE:
      case FUSE_FALLOCATE:
      case FUSE_COPY_FILE_RANGE:
        return EROFS
      // Once the kernel was told, it does these by itself, or not at all.
      case FUSE_ACCESS:
      case FUSE_FLUSH:
      case FUSE_FSYNC:
      case FUSE_FSYNCDIR:
      default:
        return ENOSYS
    }
  }

  /** A kernel that can do without is told once, and then opens nothing any longer. */
  #open(request: Request, support: number, flags: number): Outcome {
    const { session, writer } = this.#context
    if ((session.flags & support) !== 0) return ENOSYS
    return this.#send(request, encodeOpen(writer.message, 0, flags))
  }

  /** It has no reply of its own: the request that it is about gets one. */
  #noteInterrupt(request: Request): Outcome {
    this.#interrupt.decode(request)
    this.#context.onInterrupt(this.#interrupt.uniqueLow, this.#interrupt.uniqueHigh)
    return 'replied'
  }

  #send(request: Request, bodyBytes: number): Outcome {
    this.#context.writer.send(request, bodyBytes)
    return 'replied'
  }

  #forgetNodes(request: Request): Outcome {
    const { nodes } = this.#context
    if (request.opcode === FUSE_FORGET) {
      this.#forget.decode(request)
      nodes.forget(request.nodeId, this.#forget.lookups)
      return 'replied'
    }
    const batch = new BatchForgetBody(request.message)
    batch.decode(request)
    for (let i = 0; i < batch.count; i++) nodes.forget(batch.nodeId(i), batch.lookups(i))
    return 'replied'
  }
}
