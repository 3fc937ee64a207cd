import { Box, Text } from 'ink'
import { type ReactNode, useEffect, useState } from 'react'

import { useTheme } from '../theme/theme.ts'
import type { ChartData, ChartLooks, drawChart } from './draw-chart.ts'
import { Line } from './line.tsx'

export interface ChartProps extends ChartData {
  readonly title: string
  readonly columns: number
  readonly rows: number
}

/** A line chart with its title. Those who hear the screen are told the title and the last value. */
export function Chart({ title, values, labels, unit, isCount = false, columns, rows }: ChartProps): ReactNode {
  const theme = useTheme()
  const isEnough = values.length >= 2
  const draw = useDrawChart(isEnough)
  const looks = { columns, rows: rows - 1, color: theme.chart }
  const lines = draw === undefined || !isEnough ? undefined : drawn(draw, { values, labels, unit, isCount }, looks)
  return (
    <Box flexDirection="column" width={columns} height={rows} aria-label={title}>
      <Line text={title} columns={columns} isBold color={theme.accent} />
      {!isEnough && <Line text="not enough to draw yet" columns={columns} color={theme.muted} />}
      {lines?.slice(0, rows - 1).map((line, index) => (
        <Text key={index} wrap="truncate" aria-hidden>
          {line}
        </Text>
      ))}
    </Box>
  )
}

type Draw = typeof drawChart

let loaded: Draw | undefined

/** Charts of one or two screens. */
const DRAWN_MAX = 12

const lastDrawn = new Map<string, readonly string[]>()

/** Returns a chart, drawn only when none of the last ones was the same: frames are many, and their numbers seldom new. */
function drawn(draw: Draw, data: ChartData, looks: ChartLooks): readonly string[] {
  const key = JSON.stringify([data, looks])
  const lines = lastDrawn.get(key) ?? draw(data, looks)
  lastDrawn.delete(key)
  lastDrawn.set(key, lines)
  for (const oldest of [...lastDrawn.keys()].slice(0, -DRAWN_MAX)) lastDrawn.delete(oldest)
  return lines
}

/** Returns what draws charts once it is wanted and there: it is large, and the dashboard opens without it. */
function useDrawChart(isNeeded: boolean): Draw | undefined {
  const [draw, setDraw] = useState<{ readonly draw: Draw } | undefined>(loaded && { draw: loaded })
  useEffect(() => {
    if (draw !== undefined || !isNeeded) return
    let isWanted = true
    void import('./draw-chart.ts').then((module) => {
      loaded = module.drawChart
      if (isWanted) setDraw({ draw: module.drawChart })
    })
    return () => {
      isWanted = false
    }
  }, [draw, isNeeded])
  return draw?.draw
}
