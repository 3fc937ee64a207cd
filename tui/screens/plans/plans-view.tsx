import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatDuration } from '../../../src/base/format.ts'
import type { PlanData, PlanStepData } from '../../../src/service/application/shown.ts'
import { Line } from '../../components/line.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { noDaemonText } from '../../text/host.ts'
import { shownState } from '../../text/job-state.ts'
import { shownDue } from '../../text/wait.ts'
import { shownDistance, shownTime } from '../../text/when.ts'
import { type Color, type Theme, useTheme } from '../../theme/theme.ts'
import type { ViewProps } from '../view-props.ts'
import { EditingView } from './editing-view.tsx'
import { DETAIL_ROWS } from './layout.ts'
import { chosenPlan, type PlansState } from './plans.ts'

type Props = ViewProps<PlansState>

/** What is backed up by itself, when, and how the last time went. */
export function PlansView({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  if (state.editing !== undefined) {
    return <EditingView editing={state.editing} shared={shared} columns={columns} rows={rows} />
  }
  const chosen = chosenPlan(state)
  const isDaemonThere = shared.host.kind === 'daemon'
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={isDaemonThere ? 'run by the daemon' : noDaemonText(shared.host)}
        columns={columns}
        color={isDaemonThere ? theme.muted : theme.warning}
      />
      <Table
        columns={columnsFor(shared)}
        rows={valueOr(state.plans, [])}
        place={state.place}
        width={columns}
        height={rows - DETAIL_ROWS - 1}
        colorOf={(plan) => colorOf(theme, plan)}
        empty={emptyText(state)}
      />
      {chosen !== undefined && <Details plan={chosen} shared={shared} columns={columns} />}
    </Box>
  )
}

function emptyText({ plans }: PlansState): string {
  if (plans.kind === 'loading') return 'reading the plans …'
  return plans.kind === 'failed' ? plans.problem.message : 'nothing is planned: n makes a plan'
}

function columnsFor({ nowMs }: Shared): readonly TableColumn<PlanData>[] {
  return [
    { title: 'plan', width: 14, value: ({ name }) => name },
    { title: 'next run', width: 12, value: (plan) => nextText(plan, nowMs) },
    { title: 'last result', width: 18, value: (plan) => resultText(tellingStep(plan), nowMs) },
    { title: 'into', width: 10, value: ({ repository }) => repository },
    { title: 'of', value: ({ sources }) => sources.join(' ') },
  ]
}

function nextText({ isPaused, steps }: PlanData, nowMs: number): string {
  if (isPaused) return 'paused'
  const times = steps.map(({ nextMs }) => nextMs).filter((ms) => ms !== undefined)
  return times.length === 0 ? 'by hand' : shownDistance(Math.max(nowMs, Math.min(...times)), nowMs)
}

/** Returns the step that says how a plan is: one that failed or was done in part the last time, else the one that ran last. */
function tellingStep({ steps }: PlanData): PlanStepData | undefined {
  const byTime = steps
    .filter(({ lastMs }) => lastMs !== undefined)
    .toSorted((a, b) => (b.lastMs ?? 0) - (a.lastMs ?? 0))
  return (
    byTime.find(({ lastState }) => lastState === 'errored') ??
    byTime.find(({ isLastPartial }) => isLastPartial) ??
    byTime[0]
  )
}

function colorOf(theme: Theme, plan: PlanData): Color {
  if (plan.isPaused) return theme.muted
  const step = tellingStep(plan)
  if (step?.lastState === 'errored') return theme.bad
  return step?.isLastPartial === true ? theme.warning : undefined
}

function resultText(step: PlanStepData | undefined, nowMs: number): string {
  if (step?.lastState === undefined || step.lastMs === undefined) return 'not run yet'
  const state = shownState(step.lastState, step.isLastPartial)
  // What waits or runs now has no last time yet.
  return isActive(step) ? state : `${state} ${shownDistance(step.lastMs, nowMs)}`
}

interface DetailsProps {
  readonly plan: PlanData
  readonly shared: Shared
  readonly columns: number
}

function Details({ plan, shared, columns }: DetailsProps): ReactNode {
  const theme = useTheme()
  const { nowMs } = shared
  const { name, trigger, isPaused, steps, proven } = plan
  const recovery =
    proven === undefined
      ? 'how long a restore takes is not proven yet'
      : `a restore takes ${formatDuration(proven.seconds * 1000)}, proven ${shownDistance(proven.atMs, nowMs)}${proven.isKept ? '' : ': longer than promised'}`
  const due = shownDue(name, valueOr(shared.jobs, []), shared)
  const stepLines = steps.slice(0, DETAIL_ROWS - 4).map((step) => stepText(step, { nowMs, due }))
  return (
    <Box flexDirection="column" width={columns} height={DETAIL_ROWS}>
      <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />
      <Line text={`${name}: ${trigger}${isPaused ? ' (paused)' : ''}`} columns={columns} isBold />
      <Line text={recovery} columns={columns} color={proven?.isKept === false ? theme.warning : theme.muted} />
      {stepLines.map((line, index) => (
        <Line key={index} text={line} columns={columns} />
      ))}
    </Box>
  )
}

function stepText(step: PlanStepData, { nowMs, due }: { readonly nowMs: number; readonly due: string }): string {
  return [`  ${step.words}: ${resultText(step, nowMs)}`, ...nextOf(step, { nowMs, due })].join('; ')
}

function* nextOf(
  step: PlanStepData,
  { nowMs, due }: { readonly nowMs: number; readonly due: string },
): Generator<string> {
  if (step.isQueued || (step.nextMs !== undefined && step.nextMs <= nowMs)) yield due
  else if (step.nextMs !== undefined) yield `next ${shownTime(step.nextMs)}`
}

function isActive({ lastState }: PlanStepData): boolean {
  return lastState === 'queued' || lastState === 'running'
}
