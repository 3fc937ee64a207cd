import { inspect } from 'node:util'

import { characterOf, type Key } from '../keymap/key.ts'

const BYTES_MAX = 4096

/**
 * A secret while it is typed. Its bytes are seen by nobody but who takes them, and never printed.
 *
 * The one value of the dashboard that is not left as it was: what replaces a secret wipes it, so that no copy of it stays.
 */
export class Secret {
  readonly #bytes: Uint8Array
  /** How many characters were typed. */
  readonly length: number

  private constructor(bytes: Uint8Array, length: number) {
    this.#bytes = bytes
    this.length = length
  }

  static empty(): Secret {
    return new Secret(new Uint8Array(0), 0)
  }

  /** Returns the secret after a key; this one is wiped. */
  typeKey(key: Key): Secret {
    if (key === 'backspace') return this.#withoutLast()
    if (key === 'ctrl+u') return this.wipe()
    const character = characterOf(key)
    return character === undefined ? this : this.#with(character)
  }

  /** Returns the secret with pasted text behind it, without the end of a line; this one is wiped. */
  paste(text: string): Secret {
    return this.#with(text.replace(/[\r\n]+$/, ''))
  }

  /** Returns another secret of the same bytes, which is wiped by itself. */
  copy(): Secret {
    return new Secret(this.#bytes.slice(), this.length)
  }

  /** Returns a copy of the bytes, which the caller wipes; this secret is wiped. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice()
    this.#bytes.fill(0)
    return bytes
  }

  /** Returns an empty secret; this one is wiped. */
  wipe(): Secret {
    this.#bytes.fill(0)
    return Secret.empty()
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }

  #with(text: string): Secret {
    const added = Buffer.from(text, 'utf8')
    if (this.#bytes.length + added.length > BYTES_MAX) {
      added.fill(0)
      return this
    }
    const bytes = new Uint8Array(this.#bytes.length + added.length)
    bytes.set(this.#bytes)
    bytes.set(added, this.#bytes.length)
    this.#bytes.fill(0)
    added.fill(0)
    return new Secret(bytes, this.length + Array.from(text).length)
  }

  #withoutLast(): Secret {
    let end = this.#bytes.length - 1
    // A character of UTF-8 ends where the next one begins.
    while (end > 0 && ((this.#bytes[end] ?? 0) & 0xc0) === 0x80) end--
    const bytes = this.#bytes.slice(0, Math.max(0, end))
    this.#bytes.fill(0)
    return new Secret(bytes, Math.max(0, this.length - 1))
  }
}
