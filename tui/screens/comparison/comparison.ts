import { printable } from '../../../src/base/printable.ts'
import type { Handle } from '../../../src/service/application/shown.ts'
import type { Motion } from '../../keymap/motion.ts'
import { type Answer, call, type Effect, type Failure, type Slot } from '../../state/call.ts'
import { type Loaded, LOADING, ready, valueOr } from '../../state/loaded.ts'
import type { ScreenName } from '../../state/screen-name.ts'
import { type Room, scrollFolded } from '../../text/fold.ts'
import { PREVIEW_BYTES_MAX, textOfBytes } from '../browse/preview.ts'
import { type DiffLine, diffLines } from './line-diff.ts'

/** A file as a point has it. */
export interface FileVersion {
  readonly point: string
  /** When the point was made, as it is shown. */
  readonly pointName: string
  readonly path: Handle
  readonly bytes: number
}

/** Two versions of a file that are compared. */
export interface ComparedFiles {
  readonly before: FileVersion
  readonly after: FileVersion
}

/** Their beginnings against each other. */
export interface Comparison extends ComparedFiles {
  /** What was read of them so far. */
  readonly contents: Partial<Readonly<Record<Side, Uint8Array>>>
  readonly lines: Loaded<readonly DiffLine[]>
  /** The first line that is seen. */
  readonly top: number
}

type Side = keyof ComparedFiles
const SIDES: readonly Side[] = ['before', 'after']

/** Rows above the lines: which versions they are, and how much of them differs. */
export const COMPARED_ROWS = 2

/** Returns a comparison of which nothing is read yet, and the calls of a screen that read it. */
export function startComparison(
  screen: ScreenName,
  repository: string,
  files: ComparedFiles,
): { readonly comparison: Comparison; readonly effects: readonly Effect[] } {
  const range = { offset: 0, length: PREVIEW_BYTES_MAX }
  return {
    comparison: { ...files, contents: {}, lines: LOADING, top: 0 },
    effects: SIDES.map((side) => {
      const { point, path } = files[side]
      return call(slotOf(screen, side), 'content', repository, point, path, range)
    }),
  }
}

/** Returns what ends these calls. */
export function endComparison(screen: ScreenName): readonly Effect[] {
  return SIDES.map((side) => ({ kind: 'drop', slot: slotOf(screen, side) }))
}

function slotOf(screen: ScreenName, side: Side): Slot {
  return `${screen}:${side}`
}

function sideOf(slot: Slot): Side | undefined {
  return SIDES.find((side) => slot.endsWith(`:${side}`))
}

/** Returns the comparison with one of its versions read; with both, what lies between them. */
export function answerInComparison(comparison: Comparison, answer: Answer): Comparison {
  const side = sideOf(answer.slot)
  if (answer.method !== 'content' || side === undefined) return comparison
  const contents = { ...comparison.contents, [side]: answer.value }
  const { before, after } = contents
  if (before === undefined || after === undefined) return { ...comparison, contents }
  return { ...comparison, contents, lines: ready(linesBetween(before, after)) }
}

/** Returns the comparison after one of its versions could not be read. */
export function failureInComparison(comparison: Comparison, { slot, problem }: Failure): Comparison {
  return sideOf(slot) === undefined ? comparison : { ...comparison, lines: { kind: 'failed', problem } }
}

/** Returns the comparison scrolled, in a room that holds it as a whole. */
export function moveInComparison(comparison: Comparison, motion: Motion, { columns, height }: Room): Comparison {
  const lines = valueOr(comparison.lines, []).map(comparedLine)
  const room = { columns, height: height - COMPARED_ROWS }
  return { ...comparison, top: scrollFolded(lines, comparison.top, motion, room) }
}

export function comparedLine({ sign, text }: DiffLine): string {
  return `${sign} ${text}`
}

function linesBetween(before: Uint8Array, after: Uint8Array): readonly DiffLine[] {
  const old = textOfBytes(before)
  const now = textOfBytes(after)
  if (old !== undefined && now !== undefined) return diffLines(linesOf(old), linesOf(now))
  let at = 0
  while (at < before.length && before[at] === after[at]) at++
  return [{ sign: ' ', text: `No text. The first byte that differs is number ${at}.` }]
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => printable(line.replaceAll('\t', '  ')))
}
