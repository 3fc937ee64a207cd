import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes, formatDuration } from '../../../src/base/format.ts'
import { numberOf } from '../../../src/base/number-of.ts'
import type { JobData } from '../../../src/service/application/shown.ts'
import { Line } from '../../components/line.tsx'
import { progressBar } from '../../components/progress-bar.ts'
import { Table, type TableColumn } from '../../components/table.tsx'
import { placeAt, placeNow } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { fold } from '../../text/fold.ts'
import { isHostUnwell, shownHost } from '../../text/host.ts'
import { JOB_STATE_COLUMNS, shownJobState } from '../../text/job-state.ts'
import { shownWait } from '../../text/wait.ts'
import { shownTime } from '../../text/when.ts'
import { type Color, type Theme, useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import type { JobLog } from './job-log.ts'
import { isActive, type JobsState, shownJobs } from './jobs.ts'

const BAR_COLUMNS = 10
/** Title and how far the job is, above its log; rows that a long line of it takes at most. */
const HEAD_ROWS = 2
const CHOSEN_ROWS_MAX = 6

/** What runs, what waits, and what came of the rest. */
export function JobsView({ state, shared, columns, rows }: ViewProps<JobsState>): ReactNode {
  const theme = useTheme()
  if (state.log !== undefined)
    return <LogView log={state.log} stopping={state.stopping} shared={shared} columns={columns} rows={rows} />
  const all = shownJobs(shared)
  const active = all.filter(isActive).length
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`${numberOf(all.length, 'job')}${active === 0 ? '' : `, ${active} of them not over`}; run by ${shownHost(shared.host)}`}
        columns={columns}
        color={isHostUnwell(shared.host) ? theme.warning : theme.muted}
      />
      <Table
        columns={columnsFor(columns, { nowMs: shared.nowMs, stopping: state.stopping })}
        rows={all}
        place={placeNow(state, all)}
        width={columns}
        height={rows - 1}
        colorOf={(job) => colorOf(theme, job)}
        empty={emptyText(shared)}
        unfolds
      />
    </Box>
  )
}

function colorOf(theme: Theme, { state, isPartial, left }: JobData): Color {
  if (isPartial || left !== undefined) return theme.warning
  return state === 'running' ? theme.accent : state === 'errored' ? theme.bad : undefined
}

function emptyText({ jobs }: Shared): string {
  if (jobs.kind === 'loading') return 'asking what runs …'
  return jobs.kind === 'failed' ? jobs.problem.message : 'nothing has run yet'
}

interface Standing {
  readonly nowMs: number
  /** Jobs that were told to end. */
  readonly stopping: readonly string[]
}

function columnsFor(width: number, standing: Standing): readonly TableColumn<JobData>[] {
  const wide: readonly TableColumn<JobData>[] = [
    { title: 'plan', width: 12, value: ({ plan }) => plan ?? '' },
    { title: 'took', width: 11, align: 'right', value: durationOf },
  ]
  return [
    { title: 'state', width: JOB_STATE_COLUMNS, value: shownJobState },
    { title: 'what', width: 8, value: ({ kind }) => kind },
    { title: 'repository', width: 10, value: ({ repository }) => repository },
    { title: 'began', width: 16, value: ({ startedMs, queuedMs }) => shownTime(startedMs ?? queuedMs) },
    ...(width < 100 ? [] : wide),
    { title: 'how far, or what came of it', value: (job) => standingOf(job, standing) },
  ]
}

function durationOf({ ranMs, state }: JobData): string {
  return ranMs === undefined || state === 'queued' ? '' : formatDuration(ranMs)
}

/** Returns what a job is at, what it waits for, or what came of it. */
function standingOf(job: JobData, { nowMs, stopping }: Standing): string {
  const { progress, outcome, state, attempt, left, wait } = job
  if (wait !== undefined) return [shownWait(wait, nowMs), ...(outcome === undefined ? [] : [outcome])].join(': ')
  if (state !== 'running') return `${outcome ?? ''}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
  if (stopping.includes(job.id)) return 'stopping …'
  if (left !== undefined) return LEFT[left]
  if (progress === undefined) return 'starting …'
  const { part, bytesDone, bytesPerSecond, at } = progress
  const bar =
    part === undefined ? formatBytes(bytesDone) : `${progressBar(part, BAR_COLUMNS)} ${Math.floor(part * 100)}%`
  return `${bar} ${formatBytes(bytesPerSecond)}/s ${at}`
}

/** What has become of a job whose daemon ended without a word. */
const LEFT = {
  'goes-on': 'goes on without its daemon, which is gone: what it comes to is recorded',
  'has-ended': 'has ended, and its daemon is gone: what it came to is recorded in a moment',
} as const

interface LogViewProps {
  readonly log: JobLog
  readonly stopping: readonly string[]
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}

function LogView({ log, stopping, shared, columns, rows }: LogViewProps): ReactNode {
  const theme = useTheme()
  const job = valueOr(shared.jobs, []).find(({ id }) => id === log.job)
  const { lines, place, isFollowing, isWhole, count } = log
  const title = job === undefined ? 'Log' : `Log of ${job.kind} ${job.repository}: ${shownJobState(job)}`
  const how = isWhole ? 'whole' : isFollowing ? 'following, f stops that' : 'not following, f does'
  // The chosen line is read to its end.
  const linesOf = (line: string, index: number): readonly string[] =>
    !isFollowing && index === place.selected ? fold(line, columns, CHOSEN_ROWS_MAX) : [line]
  const chosenRows = linesOf(lines[place.selected] ?? '', place.selected).length
  const extent = { count: lines.length, height: rows - HEAD_ROWS - chosenRows + 1 }
  const { top } = placeAt(place, place.selected, extent)
  const shown = lines.slice(top, top + extent.height)
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={title} columns={columns} isBold color={theme.accent} />
      <Line
        text={`${numberOf(count, 'line')} (${how})  ${job === undefined ? '' : standingOf(job, { nowMs: shared.nowMs, stopping })}`}
        columns={columns}
        color={theme.muted}
      />
      {lines.length === 0 && <Line text={isWhole ? 'It said nothing.' : '…'} columns={columns} color={theme.muted} />}
      {shown.flatMap((line, offset) =>
        linesOf(line, top + offset).map((text, row) => (
          <Line
            key={`${top + offset} ${row}`}
            text={text}
            columns={columns}
            isInverse={!isFollowing && top + offset === place.selected}
          />
        )),
      )}
    </Box>
  )
}
