import { Box } from 'ink'
import type { ReactNode } from 'react'

import { formatBytes } from '../../../src/base/format.ts'
import type { JobData } from '../../../src/service/application/shown.ts'
import { EditorView } from '../../components/editor-view.tsx'
import { Line } from '../../components/line.tsx'
import { Lines } from '../../components/lines.tsx'
import { progressBar } from '../../components/progress-bar.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { type Color, type Theme, useTheme } from '../../theme/theme.ts'
import { AddingView } from '../adding/adding-view.tsx'
import { RecoveryCodeView } from '../recovery-code/recovery-code-view.tsx'
import type { ViewProps } from '../view-props.ts'
import { firstJob, type StartState } from './start.ts'

const WAYS = [
  { title: 'I need my files back', help: 'connect to a repository, look into it, restore' },
  { title: 'New backup', help: 'keep folders of this machine, within a minute' },
]

/** What somebody sees who has no repository yet. */
export function StartView({ state, shared, columns, rows }: ViewProps<StartState>): ReactNode {
  const theme = useTheme()
  switch (state.page) {
    case 'choose':
      return (
        <Box flexDirection="column" width={columns}>
          <Line text={greeting(shared)} columns={columns} isBold color={theme.accent} />
          <Line text="" columns={columns} />
          {WAYS.map(({ title, help }, index) => (
            <Line
              key={title}
              text={`${index === state.selected ? '› ' : '  '}${title.padEnd(22)} ${help}`}
              columns={columns}
              isInverse={index === state.selected}
            />
          ))}
        </Box>
      )
    case 'files':
      return <AddingView adding={state.adding} columns={columns} rows={rows} />
    case 'backup':
      return (
        <Box flexDirection="column" width={columns}>
          <Line
            text={state.isTrying ? 'Making the repository … Esc stops that' : 'A new backup of this machine'}
            columns={columns}
            isBold
            color={theme.accent}
          />
          <EditorView editor={state.editor} columns={columns} rows={rows - 1} />
        </Box>
      )
    case 'code':
      return <RecoveryCodeView code={state.code} columns={columns} />
    case 'running':
      return <Running state={state} shared={shared} columns={columns} />
  }
}

function greeting({ repositories }: Shared): string {
  const isNew = valueOr(repositories, []).length === 0
  return isNew ? 'Tidemark keeps nothing for you yet.' : 'Another repository: what is it for?'
}

interface RunningProps {
  readonly state: Extract<StartState, { page: 'running' }>
  readonly shared: Shared
  readonly columns: number
}

function Running({ state, shared, columns }: RunningProps): ReactNode {
  const theme = useTheme()
  const job = firstJob(state, shared)
  const color = colorOf(theme, job)
  return (
    <Box flexDirection="column" width={columns}>
      <Line text={`The first point of ${state.sources.join(' ')}`} columns={columns} isBold color={theme.accent} />
      <Line text="" columns={columns} />
      <Lines text={jobText(job)} columns={columns} color={color} />
      {job?.state === 'done' && (
        <Lines
          text="Enter looks into it. A copy on another disk or machine protects from more: screen Drivers."
          columns={columns}
          color={theme.muted}
        />
      )}
    </Box>
  )
}

function colorOf(theme: Theme, job: JobData | undefined): Color {
  if (job?.isPartial === true) return theme.warning
  return job?.state === 'errored' ? theme.bad : job?.state === 'done' ? theme.good : theme.accent
}

const BAR_COLUMNS = 20

function jobText(job: JobData | undefined): string {
  switch (job?.state) {
    case undefined:
    case 'queued':
      return 'beginning …'
    case 'running': {
      const { part, bytesDone = 0, at = '' } = job.progress ?? {}
      const bar = part === undefined ? '' : `${progressBar(part, BAR_COLUMNS)} ${Math.floor(part * 100)}% `
      return `► ${bar}${formatBytes(bytesDone)} ${at}`
    }
    case 'done':
      return `${job.isPartial ? '▲ It is made in part' : '✓ It is made'}: ${job.outcome ?? ''}`
    case 'errored':
    case 'cancelled':
      return `✗ It could not be made: ${job.outcome ?? 'it was ended'} — r tries again`
  }
}
