import { Box, Text } from 'ink'
import { type ReactNode, useEffect, useMemo, useState } from 'react'

import { useTheme } from '../theme/theme.ts'
import type { ChartData, drawChart } from './draw-chart.ts'
import { Line } from './line.tsx'

export interface ChartProps extends ChartData {
  readonly title: string
  readonly columns: number
  readonly rows: number
}

/** A line chart with its title. Those who hear the screen are told the title and the last value. */
export function Chart({ title, values, labels, columns, rows }: ChartProps): ReactNode {
  const theme = useTheme()
  const draw = useDrawChart()
  const { hasColors } = theme
  // Each frame makes its numbers anew; drawn is what differs from the frame before.
  const content = `${values.join()} ${labels.join()}`
  const lines = useMemo(
    () => (values.length < 2 ? undefined : draw?.({ values, labels }, { columns, rows: rows - 1, hasColors })),
    [draw, content, columns, rows, hasColors],
  )
  return (
    <Box flexDirection="column" width={columns} height={rows} aria-label={title}>
      <Line text={title} columns={columns} isBold color={theme.accent} />
      {values.length < 2 && <Line text="not enough to draw yet" columns={columns} color={theme.muted} />}
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

/** Returns what draws charts once it is there: it is large, and the dashboard opens without it. */
function useDrawChart(): Draw | undefined {
  const [draw, setDraw] = useState<{ readonly draw: Draw } | undefined>(loaded && { draw: loaded })
  useEffect(() => {
    if (draw !== undefined) return
    let isWanted = true
    void import('./draw-chart.ts').then((module) => {
      loaded = module.drawChart
      if (isWanted) setDraw({ draw: module.drawChart })
    })
    return () => {
      isWanted = false
    }
  }, [draw])
  return draw?.draw
}
