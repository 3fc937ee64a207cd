import { Box } from 'ink'
import type { ReactNode } from 'react'

import { numberOf } from '../../../src/base/number-of.ts'
import type { ProbeData, RepositoryData, SlotData } from '../../../src/service/application/shown.ts'
import { FormView } from '../../components/form-view.tsx'
import { Line } from '../../components/line.tsx'
import { Lines } from '../../components/lines.tsx'
import { Table, type TableColumn } from '../../components/table.tsx'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { shownDistance, shownTime } from '../../text/when.ts'
import { type Color, type Theme, useTheme } from '../../theme/theme.ts'
import { AddingView } from '../adding/adding-view.tsx'
import { RecoveryCodeView } from '../recovery-code/recovery-code-view.tsx'
import type { ViewProps } from '../view-props.ts'
import { chosenRepository, type DriversState, type StoreTest } from './drivers.ts'
import { DETAIL_HEAD_ROWS, DETAIL_ROWS, SLOTS_HEAD_ROWS } from './layout.ts'
import type { KeyMethod } from './key-form.ts'
import type { ShownSlots } from './slots.ts'

type Props = ViewProps<DriversState>

/** The repositories, where they live, and how they are. */
export function DriversView({ state, shared, columns, rows }: Props): ReactNode {
  const theme = useTheme()
  if (state.adding !== undefined) return <AddingView adding={state.adding} columns={columns} rows={rows} />
  if (state.detail?.kind === 'test') return <TestView test={state.detail} columns={columns} rows={rows} />
  if (state.detail?.kind === 'slots') return <SlotsView shown={state.detail} columns={columns} rows={rows} />
  const chosen = chosenRepository(state, shared)
  return (
    <Box flexDirection="column" width={columns}>
      <Table
        columns={columnsFor(shared, columns)}
        rows={valueOr(shared.repositories, [])}
        place={state.place}
        width={columns}
        height={rows - DETAIL_ROWS}
        colorOf={(repository) => colorOf(theme, repository)}
        empty={emptyText(shared)}
      />
      {chosen !== undefined && <Details repository={chosen} nowMs={shared.nowMs} columns={columns} />}
    </Box>
  )
}

function colorOf(theme: Theme, { state, sharesDisk }: RepositoryData): Color {
  return state.kind === 'unreachable' ? theme.bad : sharesDisk ? theme.warning : undefined
}

function emptyText({ repositories }: Shared): string {
  if (repositories.kind === 'loading') return 'reading the configuration …'
  return repositories.kind === 'failed' ? repositories.problem.message : 'none yet: n makes one, a adds one'
}

function columnsFor({ nowMs }: Shared, width: number): readonly TableColumn<RepositoryData>[] {
  return [
    { title: '', width: 1, value: ({ isDefault }) => (isDefault ? '*' : '') },
    { title: 'name', width: width < 100 ? 14 : 20, value: ({ name }) => name },
    { title: 'driver', width: 8, value: ({ driver }) => driver },
    { title: 'state', width: 24, value: ({ state }) => stateText(state, nowMs) },
    { title: 'where', keep: 'end', value: ({ url }) => url },
  ]
}

function stateText(state: RepositoryData['state'], nowMs: number): string {
  switch (state.kind) {
    case 'open':
      return numberOf(state.pointCount, 'point')
    case 'unreachable':
      return `unreachable ${shownDistance(state.sinceMs, nowMs)}`
    default:
      return state.kind
  }
}

interface DetailsProps {
  readonly repository: RepositoryData
  readonly nowMs: number
  readonly columns: number
}

function Details({ repository, nowMs, columns }: DetailsProps): ReactNode {
  const theme = useTheme()
  const { name, url, driver, state, sharesDisk, isDefault, lastTest } = repository
  return (
    <Box flexDirection="column" width={columns} height={DETAIL_ROWS}>
      <Line text={'─'.repeat(columns)} columns={columns} color={theme.muted} />
      <Line text={`${name}${isDefault ? ' (used when none is named)' : ''}, ${driver}`} columns={columns} isBold />
      <Line text={url} columns={columns} keep="ends" />
      {state.kind === 'unreachable' ? (
        <Lines
          text={`✗ unreachable since ${shownTime(state.sinceMs)}: ${problemText(state)}`}
          columns={columns}
          color={theme.bad}
        />
      ) : (
        <>
          <Line text={stateText(state, nowMs)} columns={columns} />
          <Line
            text={testedText(lastTest, nowMs)}
            columns={columns}
            color={lastTest?.isSafe === false ? theme.bad : theme.muted}
          />
          {sharesDisk && (
            <Line text="▲ on the source's own disk: lost together with it" columns={columns} color={theme.warning} />
          )}
        </>
      )}
    </Box>
  )
}

function testedText(lastTest: RepositoryData['lastTest'], nowMs: number): string {
  if (lastTest === undefined) return 'its store was not tested within 30 days: t tests it'
  const { atMs, isSafe } = lastTest
  const found = isSafe ? 'it keeps what a repository needs' : '✗ a repository is not safe there'
  return `store tested ${shownTime(atMs)} (${shownDistance(atMs, nowMs)}): ${found}`
}

function problemText({ message, hint }: { readonly message: string; readonly hint: string | undefined }): string {
  return hint === undefined ? message : `${message} — ${hint}`
}

const SIGNS: Readonly<Record<ProbeData['state'], string>> = { good: '✓', warning: '▲', bad: '✗' }

const PROBE_COLUMNS: readonly TableColumn<ProbeData>[] = [
  { title: '', width: 1, value: ({ state }) => SIGNS[state] },
  { title: 'what the store was asked', width: 36, value: ({ name }) => name },
  { title: 'how it answered', value: ({ answer }) => answer },
]

interface TestViewProps {
  readonly test: StoreTest
  readonly columns: number
  readonly rows: number
}

function TestView({ test, columns, rows }: TestViewProps): ReactNode {
  const theme = useTheme()
  const { repository, startedMs, answers, end, place } = test
  const color = end === 'running' ? theme.accent : end === 'done' ? theme.good : theme.bad
  const bad = answers.filter(({ state }) => state === 'bad').length
  return (
    <Box flexDirection="column" width={columns}>
      <Line
        text={`Test of the store of ${repository}, begun ${shownTime(startedMs)}`}
        columns={columns}
        isBold
        color={theme.accent}
      />
      <Lines text={endText(end, bad)} columns={columns} color={bad > 0 ? theme.bad : color} />
      <Table
        columns={PROBE_COLUMNS}
        rows={answers}
        place={place}
        width={columns}
        height={rows - DETAIL_HEAD_ROWS}
        colorOf={({ state }) => ({ good: undefined, warning: theme.warning, bad: theme.bad })[state]}
        empty=""
      />
    </Box>
  )
}

function endText(end: StoreTest['end'], bad: number): string {
  if (end === 'running') return '… being asked'
  if (end !== 'done') return `✗ ${problemText(end)}`
  return bad === 0 ? '✓ It keeps what a repository needs.' : '✗ A repository is not safe there.'
}

const SLOT_COLUMNS: readonly TableColumn<SlotData>[] = [
  { title: '', width: 3, align: 'right', value: ({ order }) => (order === undefined ? '?' : `${order}.`) },
  { title: 'key', width: 8, value: ({ id }) => id.slice(0, 8) },
  { title: 'what opens it', width: 13, value: ({ kind }) => kind?.replace('-', ' ') ?? 'damaged' },
  { title: 'for', width: 18, value: scopeText },
  { title: 'label, and when it was made', value: knownOfSlot },
]

/** What it is called lies sealed in it, and since when it is there: only what opened it tells. */
function knownOfSlot({ isCurrent, label = '', createdMs }: SlotData): string {
  if (!isCurrent) return ''
  return `${label}${createdMs === undefined ? '' : `, ${shownTime(createdMs)}`} (opened it now)`
}

function scopeText({ scope, realm }: SlotData): string {
  return realm === undefined ? (scope ?? '?') : `${scope ?? '?'}: ${realm}`
}

const KEY_TITLES = {
  addPassword: 'Another password of',
  changePassword: 'The new password of',
  exportKey: 'A key file of',
  addRecoveryCode: 'Another recovery code of',
} as const satisfies Record<KeyMethod, string>

interface SlotsViewProps {
  readonly shown: ShownSlots
  readonly columns: number
  readonly rows: number
}

function SlotsView({ shown, columns, rows }: SlotsViewProps): ReactNode {
  const theme = useTheme()
  const { at, repository, slots, place } = shown
  if (at.page === 'code') return <RecoveryCodeView code={at.code} columns={columns} />
  if (at.page === 'key') {
    return (
      <Box flexDirection="column" width={columns}>
        <Line text={`${KEY_TITLES[at.method]} ${repository}`} columns={columns} isBold color={theme.accent} />
        <FormView form={at.editor.form} columns={columns} />
        <Line text={at.isTrying ? 'Making the key …' : ''} columns={columns} color={theme.muted} />
      </Box>
    )
  }
  const empty = slots.kind === 'failed' ? slots.problem.message : '…'
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={`Keys of ${repository}`} columns={columns} isBold color={theme.accent} />
      <Lines
        text="In the order in which they were added; backup-only ones make points and read nothing. A label lies sealed in its key: of the others the numbers are known."
        columns={columns}
        color={theme.muted}
      />
      <Table
        columns={SLOT_COLUMNS}
        rows={valueOr(slots, [])}
        place={place}
        width={columns}
        height={rows - SLOTS_HEAD_ROWS}
        empty={empty}
        unfolds
      />
    </Box>
  )
}
