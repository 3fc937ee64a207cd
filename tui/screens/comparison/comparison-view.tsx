import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import { formatCount } from '../../../src/base/number-of.ts'
import { Line } from '../../components/line.tsx'
import { fit, wrap } from '../../text/fit.ts'
import { fold } from '../../text/fold.ts'
import { useTheme } from '../../theme/theme.ts'
import { PREVIEW_BYTES_MAX } from '../browse/preview.ts'
import { comparedLine, type Comparison, COMPARED_ROWS } from './comparison.ts'

export interface ComparisonViewProps {
  readonly comparison: Comparison
  /** The path, where it does not stand elsewhere. */
  readonly path?: string
  readonly columns: number
  readonly rows: number
}

/** Two versions of a file, line against line. */
export function ComparisonView({ comparison, path = '', columns, rows }: ComparisonViewProps): ReactNode {
  const theme = useTheme()
  const { before, after } = comparison
  const title = `${before.pointName} → ${after.pointName}  `
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Line
        text={title + fit(path, columns - title.length, { keep: 'ends' })}
        columns={columns}
        isBold
        color={theme.accent}
      />
      <Line text={changedText(comparison)} columns={columns} color={theme.muted} />
      <Lines comparison={comparison} columns={columns} rows={rows - COMPARED_ROWS} />
    </Box>
  )
}

/** How many lines differ, and of how much of both versions. */
function changedText({ before, after, lines }: Comparison): string {
  if (lines.kind !== 'ready') return ''
  const count = (sign: '+' | '-'): string => formatCount(lines.value.filter((line) => line.sign === sign).length)
  const isCut = Math.max(before.bytes, after.bytes) > PREVIEW_BYTES_MAX
  return `+${count('+')} -${count('-')} lines${isCut ? ` of the first ${formatBytes(PREVIEW_BYTES_MAX)}` : ''}`
}

function Lines({ comparison, columns, rows }: ComparisonViewProps): ReactNode {
  const theme = useTheme()
  const { lines, top } = comparison
  if (lines.kind === 'loading') return <Line text="reading both versions …" columns={columns} color={theme.muted} />
  if (lines.kind === 'failed') {
    return wrap(`✗ ${lines.problem.message}`, columns).map((line, index) => (
      <Line key={index} text={line} columns={columns} color={theme.bad} />
    ))
  }
  return lines.value
    .slice(top, top + rows)
    .flatMap((line) => fold(comparedLine(line), columns, rows).map((text) => ({ sign: line.sign, text })))
    .slice(0, rows)
    .map(({ sign, text }, index) => (
      <Line
        key={index}
        text={text}
        columns={columns}
        color={sign === '+' ? theme.good : sign === '-' ? theme.bad : undefined}
      />
    ))
}
