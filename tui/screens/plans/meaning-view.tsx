import { Box } from 'ink'
import type { ReactNode } from 'react'

import { numberOf } from '../../../src/base/number-of.ts'
import type { PlanMeaning, PointData } from '../../../src/service/application/shown.ts'
import { Line } from '../../components/line.tsx'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { wrap } from '../../text/fit.ts'
import { shownTime } from '../../text/when.ts'
import { useTheme } from '../../theme/theme.ts'

export interface MeaningViewProps {
  readonly meaning: PlanMeaning | undefined
  readonly shared: Shared
  readonly columns: number
  readonly rows: number
}

/** What a plan means as it is typed: when it runs, and which of the points that are there it would forget. */
export function MeaningView({ meaning, shared, columns, rows }: MeaningViewProps): ReactNode {
  const theme = useTheme()
  if (meaning === undefined) return <Line text="…" columns={columns} color={theme.muted} />
  const isKnown = meaning.forgotten !== undefined
  const points = isKnown ? valueOr(shared.points, []) : []
  const forgotten = new Set(meaning.forgotten)
  const lines = [
    ...mistakeLines(meaning),
    ...timeLines(meaning).flatMap((line) => wrap(line, columns)),
    ...(isKnown ? [retentionLine(points, forgotten, columns)] : []),
  ]
  // Where there is room, each point with its fate: those that would go first, for that cannot be taken back.
  const listed = [...points.filter(({ id }) => forgotten.has(id)), ...points.filter(({ id }) => !forgotten.has(id))]
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      {lines.slice(0, rows).map((line, index) => (
        <Line key={index} text={line} columns={columns} color={theme.muted} />
      ))}
      {listed.slice(0, Math.max(0, rows - lines.length)).map(({ id, startedMs, type, tags }) => (
        <Line
          key={id}
          text={`  ${forgotten.has(id) ? '× goes ' : '● stays'} ${shownTime(startedMs)} ${type} ${id.slice(0, 8)} ${tags.join(' ')}`}
          columns={columns}
          color={forgotten.has(id) ? theme.warning : undefined}
        />
      ))}
    </Box>
  )
}

function mistakeLines({ mistakes }: PlanMeaning): readonly string[] {
  return Object.values(mistakes)
    .slice(0, 1)
    .map((mistake) => `Not a plan yet: ${mistake}`)
}

/** When it runs, as far as its trigger is one. */
function timeLines({ trigger, nextMs }: PlanMeaning): readonly string[] {
  if (trigger === undefined) return []
  const times = nextMs.length === 0 ? 'at no time known now' : nextMs.map(shownTime).join(', ')
  return [`Runs ${trigger}`, `Next: ${times}`]
}

/** The newest first, a sign each. */
function retentionLine(points: readonly PointData[], forgotten: ReadonlySet<string>, columns: number): string {
  const goes = points.filter(({ id }) => forgotten.has(id)).length
  const other = forgotten.size - goes
  const elsewhere = other === 0 ? '' : ` (and ${other} that are not in this repository)`
  const count = `Of ${numberOf(points.length, 'point')} ${goes} would go${elsewhere}: `
  const signs = points.map(({ id }) => (forgotten.has(id) ? '×' : '●')).join('')
  return count + signs.slice(0, Math.max(0, columns - count.length))
}
