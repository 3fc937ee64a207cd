import { ONE_COLUMN } from '../../src/base/text-width.ts'

/** Of text whose characters each stand alone: no two of them are one to the eye. ESC never joins anything. */
const EACH_ALONE = new RegExp(`^[\\u001B${ONE_COLUMN}]*$`)

type Segment = Pick<Intl.SegmentData, 'segment' | 'index'>

// Destructured: the build puts `Graphemes` wherever packages write the whole name.
const { Segmenter } = Intl
let segmenter: Intl.Segmenter | undefined

/** What a reader takes for one character each, and where it begins, in UTF-16 code units. */
export interface Segments extends Iterable<Segment> {
  /** Returns the one that holds the code unit at `index`, 0 when absent; `undefined` behind the end. */
  containing(index?: number): Segment | undefined
}

/**
 * What packages use in place of `Intl.Segmenter`, which is not even made while no text needs it.
 *
 * @see docs/decisions/0092-measuring-text.md
 */
export class Graphemes {
  segment(text: string): Segments {
    if (EACH_ALONE.test(text)) return new CharactersAlone(text)
    segmenter ??= new Segmenter()
    return segmenter.segment(text)
  }
}

class CharactersAlone implements Segments {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  *[Symbol.iterator](): Generator<Segment> {
    for (let index = 0; index < this.#text.length; index++) yield { segment: this.#text.charAt(index), index }
  }

  containing(index = 0): Segment | undefined {
    return index < 0 || index >= this.#text.length ? undefined : { segment: this.#text.charAt(index), index }
  }
}
