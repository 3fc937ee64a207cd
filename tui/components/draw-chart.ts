import { PassThrough } from 'node:stream'

import blessed from 'blessed'
import LineChart from 'blessed-contrib/lib/widget/charts/line.js'

/** What a chart shows: one value for each step of the horizontal axis, and what stands below some of them. */
export interface ChartData {
  readonly values: readonly number[]
  readonly labels: readonly string[]
}

export interface ChartLooks {
  readonly columns: number
  readonly rows: number
  readonly hasColors: boolean
}

/** Returns the lines of a chart, drawn by blessed-contrib on a screen that nobody sees. */
export function drawChart({ values, labels }: ChartData, { columns, rows, hasColors }: ChartLooks): readonly string[] {
  const screen = blessed.screen({
    input: terminal(columns, rows),
    output: terminal(columns, rows),
    terminal: 'xterm-256color',
    fullUnicode: true,
  })
  try {
    const chart = new LineChart({
      width: columns,
      height: rows,
      style: { line: 'cyan', text: 'white', baseline: 'white' },
      xPadding: 5,
      abbreviate: true,
      // Its top is a fifth above the highest value; without values it would be nowhere.
      ...(values.some((value) => value > 0) ? {} : { maxY: 1 }),
    })
    screen.append(chart)
    chart.setData([{ x: labels, y: values, style: { line: 'cyan' } }])
    screen.render()
    // Its types forget that it returns what it saw.
    const seen = screen.screenshot() as unknown as string
    return seen.split('\n').map((line) => (hasColors ? line : line.replace(/\u001b\[[0-9;]*m/g, '')))
  } finally {
    screen.destroy()
  }
}

/** A stream that passes for a terminal, and that nothing goes out of. */
function terminal(columns: number, rows: number): PassThrough {
  const stream = new PassThrough()
  stream.resume()
  return Object.assign(stream, { columns, rows, isTTY: true, setRawMode: () => undefined })
}
