import { ONE_COLUMN } from '../../src/base/text-width.ts'

/** Of text whose characters each stand alone: no two of them are one to the eye. ESC never joins anything. */
const EACH_ALONE = new RegExp(`^[\\u001B${ONE_COLUMN}]*$`)

type Segment = Pick<Intl.SegmentData, 'segment' | 'index'>

// Destructured: the build puts `Graphemes` wherever packages write the whole name.
const { Segmenter } = Intl
let segmenter: Intl.Segmenter | undefined

/**
 * What packages use in place of `Intl.Segmenter`, which is not even made while no text needs it.
 *
 * @see docs/decisions/0092-measuring-text.md
 */
export class Graphemes {
  /** Returns what a reader takes for one character each, and where it begins, in UTF-16 code units. */
  segment(text: string): Iterable<Segment> {
    if (EACH_ALONE.test(text)) return Array.from(text, (segment, index) => ({ segment, index }))
    segmenter ??= new Segmenter()
    return segmenter.segment(text)
  }
}
