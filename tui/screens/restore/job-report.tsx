import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import { formatCount } from '../../../src/base/number-of.ts'
import { Line } from '../../components/line.tsx'
import { progressBar } from '../../components/progress-bar.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { wrap } from '../../text/fit.ts'
import { fold } from '../../text/fold.ts'
import { useTheme } from '../../theme/theme.ts'
import { hasEnded, type RestoreState } from './restore-state.ts'

export interface JobReportProps {
  readonly job: NonNullable<RestoreState['job']>
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}

/** A restore or an undo while it runs, and its report at the end. */
export function JobReport({ job, shared, columns, rows }: JobReportProps): ReactNode {
  const theme = useTheme()
  const data = valueOr(shared.jobs, []).find(({ id }) => id === job.id)
  const name = job.kind === 'undo' ? 'Undo' : 'Restore'
  if (data === undefined) return <Line text={`${name}: starting …`} columns={columns} />
  if (!hasEnded(data)) {
    const { progress } = data
    const part = progress?.part ?? 0
    return (
      <Box flexDirection="column" width={columns}>
        <Line text={`${name} is running`} columns={columns} isBold color={theme.accent} />
        <Line text={`${progressBar(part, columns - 6)} ${Math.floor(part * 100)}%`} columns={columns} />
        {progress !== undefined && (
          <Line
            text={`${formatCount(progress.entriesDone)} entries, ${formatBytes(progress.bytesDone)}, ${formatBytes(progress.bytesPerSecond)}/s`}
            columns={columns}
          />
        )}
        <Line text={progress?.at ?? ''} columns={columns} keep="end" color={theme.muted} />
      </Box>
    )
  }
  const isDone = data.state === 'done'
  const outcome = data.outcome === undefined ? '' : `: ${data.outcome}`
  const sign = data.isPartial ? '▲' : isDone ? '✓' : '✗'
  const color = data.isPartial ? theme.warning : isDone ? theme.good : theme.bad
  const head = wrap(
    `${sign} ${name} ${data.isPartial ? 'is done in part' : ENDS[data.state]}${outcome}`,
    columns,
  ).slice(0, HEAD_ROWS_MAX)
  const report = job.report ?? ['reading the report …']
  // What was said last matters most.
  const lines = report.flatMap((line) => fold(line, columns, rows)).slice(-(rows - head.length - 1))
  return (
    <Box flexDirection="column" width={columns}>
      {head.map((line, index) => (
        <Line key={index} text={line} columns={columns} isBold color={color} />
      ))}
      {lines.map((line, index) => (
        <Line key={head.length + index} text={line} columns={columns} />
      ))}
    </Box>
  )
}

const HEAD_ROWS_MAX = 4
const ENDS = { done: 'is done', errored: 'failed', cancelled: 'was cancelled', queued: '', running: '' } as const
