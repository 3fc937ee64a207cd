import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FrameCache } from '../../../fuse/content/frame-cache.ts'
import * as fuse from '../../../fuse/protocol/constants.ts'
import { MessageBuffer } from '../../../fuse/protocol/message-buffer.ts'
import { ProtocolError } from '../../../fuse/protocol/protocol-error.ts'
import { Request } from '../../../fuse/protocol/request.ts'
import { HandlerTools } from '../../../fuse/readers/handler-tools.ts'
import type { Missing } from '../../../fuse/readers/missing.ts'
import { RequestHandler } from '../../../fuse/readers/request-handler.ts'
import { Standby } from '../../../fuse/readers/standby.ts'
import { WantedFiles } from '../../../fuse/readers/wanted-files.ts'
import { BlockBuilder } from '../../../fuse/tree/block-builder.ts'
import { BlockStore } from '../../../fuse/tree/block-store.ts'
import { NodeTable, virtualRow } from '../../../fuse/tree/node-table.ts'
import { Turns } from '../../../fuse/tree/turns.ts'
import type { TreeEntry } from '../../../src/engine/point-view-frames.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { dirEntry, fileEntry, symlinkEntry } from '../../support/tree-entries.ts'

const REPLY_HEADER_BYTES = 16
const { EINVAL, ENODATA, ENOSYS, EROFS, ESTALE } = constants.errno

/** All that would change something. */
const WRITING = [
  ...[fuse.FUSE_SETATTR, fuse.FUSE_SYMLINK, fuse.FUSE_MKNOD, fuse.FUSE_MKDIR, fuse.FUSE_UNLINK, fuse.FUSE_RMDIR],
  ...[fuse.FUSE_RENAME, fuse.FUSE_RENAME2, fuse.FUSE_LINK, fuse.FUSE_WRITE, fuse.FUSE_SETXATTR, fuse.FUSE_REMOVEXATTR],
  ...[fuse.FUSE_CREATE, fuse.FUSE_TMPFILE, fuse.FUSE_FALLOCATE, fuse.FUSE_COPY_FILE_RANGE],
]

/** A handler over one directory, which writes its replies to a file. */
class HandlerFixture {
  readonly nodes = NodeTable.create(1, 100)
  readonly blocks = BlockStore.create(1 << 16, Turns.create(1))
  /** The point's directory. */
  readonly directory: number
  readonly #out = join(temporaryFolder(), 'replies')
  readonly #message = new MessageBuffer(new Uint8Array(4096))
  readonly request = new Request(this.#message)
  /** Requests that nobody waits for any longer, by the two halves of their numbers. */
  readonly interrupted: (readonly [number, number])[] = []
  readonly handler: RequestHandler

  constructor(flags = fuse.FUSE_NO_OPEN_SUPPORT) {
    writeFileSync(this.#out, '')
    const fd = openSync(this.#out, 'a')
    onTestFinished(() => closeSync(fd))
    const { context } = new HandlerTools({
      fd,
      session: { minor: 31, flags, maxReadaheadBytes: 1 << 17 },
      memory: {
        nodes: this.nodes.buffer,
        turns: new SharedArrayBuffer(64),
        blocks: this.blocks.handle,
        cache: FrameCache.create(1 << 16).handle,
        standby: Standby.create().buffer,
        wanted: WantedFiles.create().buffer,
        news: new SharedArrayBuffer(4),
      },
      waits: true,
      onFirstUse: () => undefined,
      onCrowd: () => undefined,
      onSmallRead: () => undefined,
      onInterrupt: (...unique) => this.interrupted.push(unique),
      onBusy: () => undefined,
    })
    this.handler = new RequestHandler(context)
    this.directory = this.nodes.lookUp(1, virtualRow(1), 77)
  }

  static async create(entries: readonly TreeEntry[]): Promise<HandlerFixture> {
    const f = new HandlerFixture()
    const builder = new BlockBuilder()
    for (const entry of entries) builder.add(entry)
    f.nodes.setBlock(f.directory, await f.blocks.put('directory', builder.finish()))
    return f
  }

  /** Handles a request; returns what is missing, or the reply: its error number and body. */
  ask(
    opcode: number,
    node: number,
    body: Uint8Array,
  ): Missing | { readonly errno: number; readonly body: Buffer } | undefined {
    this.#message.bytes.fill(0)
    const length = fuse.IN_HEADER_BYTES + body.byteLength
    this.#message.setU32(0, length)
    this.#message.setU32(4, opcode)
    this.#message.setU64(8, 42)
    this.#message.setU64(16, node)
    this.#message.bytes.set(body, fuse.IN_HEADER_BYTES)
    return this.handleBytes(length)
  }

  handleBytes(length: number): ReturnType<HandlerFixture['ask']> {
    writeFileSync(this.#out, '')
    this.request.accept(length)
    const missing = this.handler.handle(this.request)
    if (missing !== undefined) return missing
    const reply = readFileSync(this.#out)
    if (reply.byteLength === 0) return undefined
    expect(reply.readUInt32LE(0)).toBe(reply.byteLength)
    return { errno: Math.abs(reply.readInt32LE(4)), body: reply.subarray(REPLY_HEADER_BYTES) }
  }

  get bytes(): Uint8Array {
    return this.#message.bytes
  }
}

function words(...numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers, () => 0).buffer).map((_, i) => {
    const number = numbers[Math.floor(i / 8)] ?? 0
    return Math.floor(number / 2 ** (8 * (i % 8))) & 0xff
  })
}

const ENTRIES = [
  dirEntry('a directory', new Uint8Array(32).fill(1)),
  fileEntry('empty'),
  fileEntry('tagged', { xattrs: [{ name: 'user.colour' as never, value: Buffer.from('red') }] }),
  symlinkEntry('where', 'there/and back'),
]

describe('requests about a directory that is in memory', () => {
  test('are answered by name, and names that are not there are told to be not there for good', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    const found = f.ask(fuse.FUSE_LOOKUP, f.directory, Buffer.from('where\0'))
    expect(found).toMatchObject({ errno: 0 })
    const node = (found as { body: Buffer }).body.readUInt32LE(0)
    expect(f.ask(fuse.FUSE_READLINK, node, Buffer.alloc(0))).toEqual({ errno: 0, body: Buffer.from('there/and back') })
    const absent = f.ask(fuse.FUSE_LOOKUP, f.directory, Buffer.from('nowhere\0'))
    expect((absent as { body: Buffer }).body.readUInt32LE(0)).toBe(0)
    expect((absent as { body: Buffer }).body.readUInt32LE(16)).toBeGreaterThan(1e9)
  })

  test('name what is missing, and can be asked again', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    const found = f.ask(fuse.FUSE_LOOKUP, f.directory, Buffer.from('a directory\0'))
    const node = (found as { body: Buffer }).body.readUInt32LE(0)
    for (let i = 0; i < 2; i++) {
      expect(f.ask(fuse.FUSE_LOOKUP, node, Buffer.from('x\0'))).toEqual({ kind: 'directory', node })
    }
    expect(f.ask(fuse.FUSE_GETATTR, f.directory, words(0, 0))).toEqual({ kind: 'answer' })
  })

  test('list extended attributes, and give their lengths and values', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    const { body } = f.ask(fuse.FUSE_LOOKUP, f.directory, Buffer.from('tagged\0')) as { body: Buffer }
    const node = body.readUInt32LE(0)
    const get = (name: string, size: number): unknown =>
      f.ask(fuse.FUSE_GETXATTR, node, Buffer.concat([words(size), Buffer.from(`${name}\0`)]))
    expect(get('user.colour', 100)).toEqual({ errno: 0, body: Buffer.from('red') })
    expect(get('user.colour', 0)).toMatchObject({ body: Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]) })
    expect(get('user.colour', 2)).toMatchObject({ errno: constants.errno.ERANGE })
    expect(get('user.none', 100)).toMatchObject({ errno: ENODATA })
    expect(get('user.tidemark.point', 100)).toEqual({ kind: 'answer' })
    expect(f.ask(fuse.FUSE_LISTXATTR, node, words(100))).toEqual({ errno: 0, body: Buffer.from('user.colour\0') })
  })

  test('are refused where they would write, are unknown, or speak of what nobody looked up', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    for (const opcode of WRITING) {
      expect(f.ask(opcode, f.directory, words(0, 0, 0, 0, 0))).toMatchObject({ errno: EROFS })
    }
    expect(f.ask(4711, f.directory, words(0))).toMatchObject({ errno: ENOSYS })
    expect(f.ask(fuse.FUSE_READ, 99, words(0, 0, 4096, 0, 0))).toMatchObject({ errno: ESTALE })
    const { body } = f.ask(fuse.FUSE_LOOKUP, f.directory, Buffer.from('empty\0')) as { body: Buffer }
    expect(f.ask(fuse.FUSE_READLINK, body.readUInt32LE(0), Buffer.alloc(0))).toMatchObject({ errno: EINVAL })
  })

  test('are told once to be needless: opening where the kernel can do without, and what has no work to do', () => {
    const opening = [fuse.FUSE_OPEN, fuse.FUSE_OPENDIR]
    const without = new HandlerFixture(fuse.FUSE_NO_OPEN_SUPPORT | fuse.FUSE_NO_OPENDIR_SUPPORT)
    for (const opcode of [...opening, fuse.FUSE_FLUSH, fuse.FUSE_ACCESS, fuse.FUSE_FSYNC, fuse.FUSE_FSYNCDIR]) {
      expect(without.ask(opcode, 1, words(0, 0, 0))).toMatchObject({ errno: ENOSYS })
    }
    // An older kernel opens, and may keep pages and listings all the same.
    const flags = opening.map((opcode) => {
      return (new HandlerFixture(0).ask(opcode, 1, words(0)) as { body: Buffer }).body.readUInt32LE(8)
    })
    expect(flags).toEqual([fuse.FOPEN_KEEP_CACHE, fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_CACHE_DIR])
  })

  test('are called off by their numbers, and whoever calls off nothing does no harm', () => {
    const f = new HandlerFixture()
    expect(f.ask(fuse.FUSE_INTERRUPT, 0, words(7 * 2 ** 32 + 5))).toBeUndefined()
    expect(f.interrupted).toEqual([[5, 7]])
    expect(f.ask(fuse.FUSE_INTERRUPT, 0, new Uint8Array(4))).toMatchObject({ errno: constants.errno.EIO })
    expect(f.interrupted).toHaveLength(1)
  })

  test('list a directory in as many pieces as the kernel likes', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    for (const opcode of [fuse.FUSE_READDIR, fuse.FUSE_READDIRPLUS]) {
      const names: string[] = []
      for (let offset = 0; ;) {
        const { body } = f.ask(opcode, f.directory, words(0, offset, 180, 0, 0)) as { body: Buffer }
        if (body.byteLength === 0) break
        const before = opcode === fuse.FUSE_READDIRPLUS ? fuse.ENTRY_OUT_BYTES : 0
        for (let at = 0; at < body.byteLength;) {
          const length = body.readUInt32LE(at + before + 16)
          names.push(body.toString('latin1', at + before + 24, at + before + 24 + length))
          offset = body.readUInt32LE(at + before + 8)
          at += before + ((24 + length + 7) & ~7)
        }
      }
      expect(names).toEqual(['.', '..', 'a directory', 'empty', 'tagged', 'where'])
    }
  })

  test('do no harm whatever bytes they are', async () => {
    const f = await HandlerFixture.create(ENTRIES)
    const random = seededRandomness('request handler')
    for (let i = 0; i < 4000; i++) {
      const bytes = random.bytes(200)
      const length = fuse.IN_HEADER_BYTES + (bytes[0]! % 120)
      f.bytes.set(bytes)
      const view = new DataView(f.bytes.buffer, f.bytes.byteOffset)
      view.setUint32(0, length, true)
      view.setUint32(4, bytes[1]! % 54, true)
      view.setBigUint64(16, BigInt(bytes[2]! % 8), true)
      view.setUint16(36, 0, true)
      try {
        f.handleBytes(length)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
      }
    }
    expect(f.nodes.isLive(1)).toBe(true)
    expect(f.nodes.live).toBeLessThanOrEqual(100)
  })
})
