import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines of bounded length. */
export class OutputLines {
  readonly #charactersMax: number
  readonly #onLine: (text: string, isCut: boolean) => void
  readonly #decoder = new StringDecoder('utf8')
  #line = ''
  #isCut = false

  /** `onLine` is told of each line, without its end; of one that is too long, of its beginning. */
  constructor(charactersMax: number, onLine: (text: string, isCut: boolean) => void) {
    this.#charactersMax = charactersMax
    this.#onLine = onLine
  }

  push(bytes: Uint8Array): void {
    const pieces = this.#decoder.write(bytes).split('\n')
    for (const piece of pieces.slice(0, -1)) {
      this.#add(piece)
      this.#end()
    }
    this.#add(pieces.at(-1) ?? '')
  }

  /** Tells of a last line that has no end. */
  end(): void {
    this.#add(this.#decoder.end())
    if (this.#line !== '') this.#end()
  }

  #add(piece: string): void {
    const room = this.#charactersMax - this.#line.length
    this.#isCut ||= piece.length > room
    this.#line += piece.slice(0, room)
  }

  #end(): void {
    this.#onLine(this.#line, this.#isCut)
    this.#line = ''
    this.#isCut = false
  }
}
