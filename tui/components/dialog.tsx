import { Box } from 'ink'
import type { ReactNode } from 'react'

import { type Color, useTheme } from '../theme/theme.ts'
import { wrap } from '../text/fit.ts'
import { Line } from './line.tsx'

export interface DialogProps {
  readonly title: string
  readonly lines: readonly string[]
  /** The keys that answer it. */
  readonly answers: string
  readonly color?: Color
  readonly columns: number
  readonly rows: number
  readonly children?: ReactNode
}

const WIDTH_MAX = 72
/** Border and padding. */
const AROUND = 4

/** A box in the middle of the body that says something and is answered by a key. */
export function Dialog({ title, lines, answers, color, columns, rows, children }: DialogProps): ReactNode {
  const theme = useTheme()
  const width = Math.min(WIDTH_MAX, columns)
  const inner = width - AROUND
  const wrapped = lines.flatMap((line) => wrap(line, inner)).slice(0, rows - 6)
  const border = color ?? theme.accent
  return (
    <Box width={columns} height={rows} alignItems="center" justifyContent="center">
      <Box
        flexDirection="column"
        borderStyle="round"
        {...(border === undefined ? {} : { borderColor: border })}
        paddingX={1}
        width={width}
      >
        <Line text={title} columns={inner} isBold color={border} />
        {wrapped.map((line, index) => (
          <Line key={index} text={line} columns={inner} />
        ))}
        {children}
        <Line text={answers} columns={inner} color={theme.muted} />
      </Box>
    </Box>
  )
}
