/** No answer that a person types is longer. */
const ANSWER_BYTES_MAX = 4096

const ENTER = [0x0d, 0x0a]
const BACKSPACE = [0x7f, 0x08]
const CONTROL_C = 0x03
const CONTROL_D = 0x04
const CONTROL_U = 0x15
const ESCAPE = 0x1b

/** A line being typed on a terminal that leaves all editing to us. */
export class TypedLine {
  readonly #bytes = new Uint8Array(ANSWER_BYTES_MAX)
  #length = 0

  /** Takes what the terminal sent; says when the line is over. */
  type(keys: Uint8Array): 'more' | 'entered' | 'interrupted' | 'ended' {
    // An arrow or function key: a sequence that would pass for typed characters.
    if (keys[0] === ESCAPE) return 'more'
    for (const key of keys) {
      if (ENTER.includes(key)) return 'entered'
      if (key === CONTROL_C) return 'interrupted'
      if (key === CONTROL_D && this.#length === 0) return 'ended'
      if (key === CONTROL_U) this.wipe()
      else if (BACKSPACE.includes(key)) this.#dropCharacter()
      else if ((key >= 0x20 || key === 0x09) && this.#length < ANSWER_BYTES_MAX) this.#bytes[this.#length++] = key
    }
    return 'more'
  }

  /** Returns what was typed, freshly allocated. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Forgets what was typed. */
  wipe(): void {
    this.#bytes.fill(0)
    this.#length = 0
  }

  /** Takes back one character of UTF-8: its continuation bytes, then its first. */
  #dropCharacter(): void {
    while (this.#length > 0) {
      const byte = this.#bytes[--this.#length] ?? 0
      this.#bytes[this.#length] = 0
      if ((byte & 0xc0) !== 0x80) return
    }
  }
}
