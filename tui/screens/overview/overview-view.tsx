import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes, formatDuration } from '../../../src/base/format.ts'
import { formatCount, numberOf } from '../../../src/base/number-of.ts'
import type { HealthFinding, JobData, PointData, RepositoryData } from '../../../src/service/application/shown.ts'
import { Chart } from '../../components/chart.tsx'
import { Line } from '../../components/line.tsx'
import { Lines, linesOf } from '../../components/lines.tsx'
import { progressBar } from '../../components/progress-bar.ts'
import { Table, type TableColumn } from '../../components/table.tsx'
import { type ListPlace, placeAt } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import { runningJobs, type Shared } from '../../state/shared.ts'
import { shownAway } from '../../text/away.ts'
import { isHostUnwell, noDaemonText, shownHost } from '../../text/host.ts'
import { noPointsText } from '../../text/no-points.ts'
import { shownDue, shownWait } from '../../text/wait.ts'
import { shownDistance, shownTime } from '../../text/when.ts'
import { type Color, healthColor, type Theme, useTheme } from '../../theme/theme.ts'
import { BackingUpView } from '../backing-up/backing-up-view.tsx'
import type { ViewProps } from '../view-props.ts'
import { chartsOf } from './charts.ts'
import { findingsOf, MENDING, NOTIFICATION_ROWS, openNotifications, type OverviewState } from './overview.ts'

type Props = ViewProps<OverviewState>

const JOB_ROWS = 3
const LAST_POINTS = 3
/** The last points with their title. */
const LAST_POINT_ROWS = LAST_POINTS + 1

/** Is all well, what runs, and how has it grown. */
export function OverviewView({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  if (state.backingUp !== undefined) {
    return <BackingUpView backingUp={state.backingUp} columns={columns} rows={rows} />
  }
  if (state.mending !== undefined) {
    return <Findings place={state.mending} shared={shared} columns={columns} rows={rows} />
  }
  const lines = jobLines(state, shared, columns)
  const notifications = Math.min(NOTIFICATION_ROWS, Math.max(1, openNotifications(shared).length))
  const health = healthText(shared)
  const repository = repositoryText(state, shared)
  const headRows = linesOf(health, columns).length + linesOf(repository, columns).length
  const chartRows = rows - headRows - LAST_POINT_ROWS - lines.length - notifications
  return (
    <Box flexDirection="column" width={columns}>
      <Lines text={health} columns={columns} {...healthLooks(theme, shared)} />
      <Lines text={repository} columns={columns} color={repositoryColor(theme, shared)} />
      <Jobs lines={lines} columns={columns} />
      <Charts state={state} shared={shared} columns={columns} rows={chartRows} />
      <LastPoints shared={shared} columns={columns} />
      <Notifications state={state} shared={shared} columns={columns} />
    </Box>
  )
}

interface PartProps {
  readonly shared: Shared
  readonly columns: number
}

const SIGNS: Readonly<Record<HealthFinding['color'], string>> = { green: '●', amber: '▲', red: '✗' }

const FINDING_COLUMNS: readonly TableColumn<HealthFinding>[] = [
  { title: 'what is to be mended', value: ({ color, message }) => `${SIGNS[color]} ${message}` },
  { title: 'how', width: 28, value: ({ fix }) => (fix === undefined ? '' : MENDING[fix]) },
]

function Findings({ place, shared, columns, rows }: PartProps & { readonly place: ListPlace; readonly rows: number }) {
  const theme = useTheme()
  const findings = findingsOf(shared)
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={`${numberOf(findings.length, 'thing')} to mend`} columns={columns} isBold color={theme.accent} />
      <Table
        columns={FINDING_COLUMNS}
        rows={findings}
        place={place}
        width={columns}
        height={rows - 1}
        colorOf={({ color }) => healthColor(theme, color)}
        empty="nothing is left to mend"
        unfolds
      />
    </Box>
  )
}

function healthText({ health }: Shared): string {
  if (health.kind === 'loading') return '… asking how all is'
  if (health.kind === 'failed') return `✗ ${health.problem.message}`
  const { color, message, fix, others } = health.value
  const sign = SIGNS[color]
  if (others.length > 0) return `${sign} ${message} (and ${numberOf(others.length, 'thing')} more) — f lists all`
  return `${sign} ${message}${fix === undefined ? '' : ` — ${MENDING[fix]}`}`
}

function healthLooks(theme: Theme, { health }: Shared): { readonly color: Color; readonly isBold?: boolean } {
  if (health.kind === 'ready') return { color: healthColor(theme, health.value.color), isBold: true }
  return { color: health.kind === 'failed' ? theme.bad : theme.muted }
}

function repositoryOf(shared: Shared): RepositoryData | undefined {
  return valueOr(shared.repositories, []).find(({ name }) => name === shared.repository)
}

function repositoryColor(theme: Theme, shared: Shared): Color {
  const repository = repositoryOf(shared)
  if (repository === undefined) return theme.muted
  const isUnwell = repository.sharesDisk || repository.state.kind === 'unreachable' || isHostUnwell(shared.host)
  return isUnwell ? theme.warning : undefined
}

function repositoryText(state: OverviewState, shared: Shared): string {
  const repository = repositoryOf(shared)
  if (repository === undefined) return shared.repositories.kind === 'ready' ? 'No repository yet.' : ''
  const proven = valueOr(state.plans, []).find((plan) => plan.repository === repository.name)?.proven
  const recovery =
    proven === undefined
      ? 'recovery time not proven yet'
      : `recovery proven in ${formatDuration(proven.seconds * 1000)}, ${shownDistance(proven.atMs, shared.nowMs)}`
  const host = isHostUnwell(shared.host) ? [`jobs run in ${shownHost(shared.host)}`] : []
  return [`${repository.name}: ${stateOf(repository, shared.nowMs)}`, ...host, recovery].join(' · ')
}

function stateOf({ state, sharesDisk }: RepositoryData, nowMs: number): string {
  const disk = sharesDisk ? ", on the source's own disk: lost together with it" : ''
  switch (state.kind) {
    case 'locked':
      return `locked, Ctrl+U opens it${disk}`
    case 'opening':
      return `opening …${disk}`
    case 'open':
      return `${numberOf(state.pointCount, 'point')}${disk}`
    case 'unreachable':
      return `${shownAway(state, nowMs)}: ${state.message}`
  }
}

interface JobLine {
  readonly text: string
  readonly isRunning: boolean
}

function jobLines(state: OverviewState, shared: Shared, columns: number): readonly JobLine[] {
  const running = runningJobs(shared).map((job) => ({ text: jobLine(job, columns), isRunning: true }))
  const waiting = [...waitingLines(shared), ...nextLines(state, shared)].map((text) => ({ text, isRunning: false }))
  const lines = [...running, ...waiting].slice(0, JOB_ROWS)
  return lines.length > 0
    ? lines
    : [
        { text: 'Nothing runs, nothing is planned.', isRunning: false },
        { text: `Jobs are run by ${shownHost(shared.host)}.`, isRunning: false },
      ]
}

function Jobs({ lines, columns }: { readonly lines: readonly JobLine[]; readonly columns: number }): ReactNode {
  const theme = useTheme()
  return lines.map(({ text, isRunning }, index) => (
    <Line key={index} text={text} columns={columns} color={isRunning ? theme.accent : theme.muted} />
  ))
}

const BAR_COLUMNS = 16

function jobLine({ kind, repository, progress, left }: JobData, columns: number): string {
  const what = `► ${kind} ${repository}`
  if (left !== undefined)
    return `${what} ${left === 'goes-on' ? 'goes on without its daemon, which is gone' : 'has ended, and its daemon is gone'}`
  if (progress === undefined) return `${what} starting …`
  const { part, bytesPerSecond, bytesDone, at } = progress
  const bar =
    part === undefined ? formatBytes(bytesDone) : `${progressBar(part, BAR_COLUMNS)} ${Math.floor(part * 100)}%`
  return `${what} ${bar} ${formatBytes(bytesPerSecond)}/s ${at}`.slice(0, columns * 2)
}

function waitingLines(shared: Shared): readonly string[] {
  return valueOr(shared.jobs, []).flatMap(({ kind, repository, wait }) => {
    return wait === undefined ? [] : [`○ ${kind} ${repository}: ${shownWait(wait, shared.nowMs)}`]
  })
}

function nextLines(state: OverviewState, shared: Shared): readonly string[] {
  const { nowMs } = shared
  const jobs = valueOr(shared.jobs, [])
  const next = valueOr(state.plans, [])
    .filter(({ isPaused }) => !isPaused)
    .flatMap(({ name, steps }) => steps.map(({ nextMs, kind }) => ({ name, kind, nextMs })))
    .filter((step): step is { name: string; kind: string; nextMs: number } => step.nextMs !== undefined)
    .toSorted((a, b) => a.nextMs - b.nextMs)
  if (next.length > 0 && shared.host.kind !== 'daemon') return [noDaemonText(shared.host)]
  return next.map(({ name, kind, nextMs }) => {
    const when =
      nextMs <= nowMs ? shownDue(name, jobs, shared) : `${shownDistance(nextMs, nowMs)}, ${shownTime(nextMs)}`
    return `○ ${name}: ${kind} ${when}`
  })
}

function Charts({ state, shared, columns, rows }: Props): ReactNode {
  const all = chartsOf(state, shared)
  const perRow = 2
  const lines = rows >= 20 ? 2 : 1
  const width = Math.floor(columns / perRow)
  const height = Math.floor(rows / lines)
  const shown = Array.from({ length: Math.min(all.length, perRow * lines) }, (_, index) => {
    return all[(state.firstChart + index) % all.length]
  })
  return (
    <Box flexWrap="wrap" width={columns} height={rows}>
      {shown.map(
        (chart) =>
          chart !== undefined && <Chart key={chart.title.slice(0, 8)} {...chart} columns={width} rows={height} />,
      )}
    </Box>
  )
}

function LastPoints({ shared, columns }: PartProps): ReactNode {
  const theme = useTheme()
  // What was put aside before a restore covers nothing.
  const points = valueOr(shared.points, [])
    .filter(({ isUndo }) => !isUndo)
    .slice(0, LAST_POINTS)
  return (
    <Box flexDirection="column" height={LAST_POINT_ROWS}>
      <Line text="Last points: what they cover" columns={columns} isBold color={theme.accent} />
      {points.length === 0 && (
        <Line text={noPointsText(shared, 'none was made yet')} columns={columns} color={theme.muted} />
      )}
      {points.map((point) => (
        <Line
          key={point.id}
          text={coverageOf(point)}
          columns={columns}
          color={point.suspect.length === 0 ? undefined : theme.warning}
        />
      ))}
    </Box>
  )
}

function coverageOf(point: PointData): string {
  const { startedMs, files, bytes, filesNew, filesChanged, filesRemoved, sources, suspect } = point
  const changes = `+${formatCount(filesNew)} ~${formatCount(filesChanged)} -${formatCount(filesRemoved)}`
  const what = `${numberOf(files, 'file')} ${formatBytes(bytes)} ${changes}`
  const why = suspect.length === 0 ? (sources ?? ['sources cannot be read']).join(' ') : `▲ ${suspect.join('; ')}`
  return `${shownTime(startedMs)}  ${what}  ${why}`
}

function Notifications({ state, shared, columns }: PartProps & { readonly state: OverviewState }): ReactNode {
  const theme = useTheme()
  const open = openNotifications(shared)
  const place = placeAt(state.place, state.place.selected, { count: open.length, height: NOTIFICATION_ROWS })
  const head = open.length === 0 ? 'No notifications.' : `Notifications (${open.length})`
  return (
    <>
      {open.length === 0 && <Line text={head} columns={columns} color={theme.muted} />}
      {open.slice(place.top, place.top + NOTIFICATION_ROWS).map(({ id, title, message, atMs, priority }, offset) => (
        <Line
          key={id}
          text={`${place.top + offset === place.selected ? '›' : ' '} ${shownTime(atMs)} ${title}: ${message}`}
          columns={columns}
          color={priority === 'high' ? theme.bad : undefined}
          isInverse={place.top + offset === place.selected}
        />
      ))}
    </>
  )
}
