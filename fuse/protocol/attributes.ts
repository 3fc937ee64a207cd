import type { Timespec } from '../../src/base/clock.ts'
import type { MessageBuffer } from './message-buffer.ts'

/** What the kernel knows of a node: `fuse_attr`. */
export interface Attributes {
  readonly ino: number
  readonly size: number
  /** Units of 512 bytes. */
  readonly blocks: number
  readonly atime: Timespec
  readonly mtime: Timespec
  readonly ctime: Timespec
  /** Format and permissions, as of stat(2). */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  /** A device's number as the kernel takes it: `encodeDevice`. */
  readonly rdev: number
  /** Best size of a read, bytes. */
  readonly blksize: number
}

/** Writes `fuse_attr`, ATTR_BYTES long, at byte `place`. */
export function encodeAttributes(message: MessageBuffer, place: number, attributes: Attributes): void {
  const { atime, mtime, ctime } = attributes
  message.setU64(place, attributes.ino)
  message.setU64(place + 8, attributes.size)
  message.setU64(place + 16, attributes.blocks)
  message.setU64(place + 24, atime.seconds)
  message.setU64(place + 32, mtime.seconds)
  message.setU64(place + 40, ctime.seconds)
  message.setU32(place + 48, atime.nanoseconds)
  message.setU32(place + 52, mtime.nanoseconds)
  message.setU32(place + 56, ctime.nanoseconds)
  message.setU32(place + 60, attributes.mode)
  message.setU32(place + 64, attributes.nlink)
  message.setU32(place + 68, attributes.uid)
  message.setU32(place + 72, attributes.gid)
  message.setU32(place + 76, attributes.rdev)
  message.setU32(place + 80, attributes.blksize)
  message.setU32(place + 84, 0)
}

/** Returns a device's number in the 32 bits of the kernel's `new_encode_dev`; what does not fit is cut off. */
export function encodeDevice({ major, minor }: { readonly major: number; readonly minor: number }): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0
}
