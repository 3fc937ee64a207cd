import type { ReactNode } from 'react'

import { wrap } from '../text/fit.ts'
import { Line, type LineProps } from './line.tsx'

/** Rows that a text takes at most: what comes then is cut. */
const ROWS_MAX = 3

/** Returns the rows of a text that matters to its end. */
export function linesOf(text: string, columns: number): readonly string[] {
  const lines = wrap(text, columns)
  return lines.length <= ROWS_MAX ? lines : [...lines.slice(0, ROWS_MAX - 1), lines.slice(ROWS_MAX - 1).join(' ')]
}

/** A text in as many rows as it needs, within bounds. */
export function Lines({ text, ...props }: LineProps): ReactNode {
  return linesOf(text, props.columns).map((line, index) => <Line key={index} text={line} {...props} />)
}
