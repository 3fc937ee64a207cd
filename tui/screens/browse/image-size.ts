export interface ImageSize {
  readonly format: string
  readonly width: number
  readonly height: number
}

/**
 * Returns what the beginning of a file says about the picture in it, `undefined` when it is none that is known, or its size
 * does not stand in what was given. Anything may be in a file that calls itself a picture: nothing beyond the bytes is believed.
 */
export function imageSizeOf(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) && bytes.length >= 24) {
    return { format: 'PNG', width: view.getUint32(16), height: view.getUint32(20) }
  }
  if (startsWith(bytes, [0x47, 0x49, 0x46, 0x38]) && bytes.length >= 10) {
    return { format: 'GIF', width: view.getUint16(6, true), height: view.getUint16(8, true) }
  }
  if (startsWith(bytes, [0x42, 0x4d]) && bytes.length >= 26) {
    return { format: 'BMP', width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) }
  }
  return startsWith(bytes, [0xff, 0xd8]) ? jpegSize(view) : undefined
}

/** Walks from segment to segment of a JPEG to the one that begins a frame. */
function jpegSize(view: DataView): ImageSize | undefined {
  let at = 2
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1)
    if (isFrameStart(marker)) return { format: 'JPEG', width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    // A length counts its own two bytes; less than that would stand still.
    at += 2 + Math.max(2, view.getUint16(at + 2))
  }
  return undefined
}

/** SOF0 to SOF15, of which C4, C8 and CC are something else. */
function isFrameStart(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function startsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, index) => bytes[index] === byte)
}
