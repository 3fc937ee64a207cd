/** Bounds that hold everywhere. Whatever comes from outside is checked against them before it is believed. */

/** Raw bytes that a frame aims at; a blob that does not fit starts the next frame. */
export const FRAME_BYTES_TARGET = 1 << 20
/** A file up to this size is one blob. */
export const SINGLE_BLOB_BYTES_MAX = 512 << 10
/** No blob is larger: the longest chunk. */
export const BLOB_BYTES_MAX = 2 << 20
/** No frame's plaintext is larger. */
export const FRAME_BYTES_MAX = 4 << 20
/** What a pack aims at, and the size of a slab. */
export const PACK_BYTES_TARGET = 16 << 20
/** No pack is larger: what a reader accepts. */
export const PACK_BYTES_MAX = 64 << 20
/** Blobs in one pack, so that its tables stay small. */
export const PACK_BLOBS_MAX = 32_768
/** Blobs in one index file. */
export const INDEX_BLOBS_MAX = 1 << 20
/** Blobs and frames that a run may claim between two looks at how full its index is. */
export const INDEX_HEADROOM = { blobs: 65_536, frames: 4096 }
/** Frames in one segment of the index's table in memory. */
export const FRAMES_PER_SEGMENT = 65_536
/** Bytes of a stream that are gathered beyond a chunk before they are cut. */
export const STREAM_BYTES_AHEAD = 4 << 20
/** Bytes of any sealed record but an index file. */
export const RECORD_BYTES_MAX = 16 << 20
/** Bytes of an index file. */
export const INDEX_BYTES_MAX = 128 << 20
/** Bytes of a file name. */
export const NAME_BYTES_MAX = 255
/** Bytes of a path that a system call takes, and of the target of a symbolic link. */
export const PATH_BYTES_MAX = 4096
/** Bytes of the path of a directory of a point: it may lie deeper than a system call can name, but not without end. */
export const DEEP_PATH_BYTES_MAX = 64 << 10
/** Bytes of one extended attribute, as Linux bounds it. */
export const XATTR_BYTES_MAX = 65_536
/** New data between two flushes of the index, and time. */
export const FLUSH_BYTES = 256 << 20
export const FLUSH_INTERVAL_MS = 5 * 60_000
