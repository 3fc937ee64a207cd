import { PassThrough } from 'node:stream'

import blessed, { type Widgets } from 'blessed'
import LineChart from 'blessed-contrib/lib/widget/charts/line.js'

/** What a chart shows: one value for each step of the horizontal axis, and what stands below some of them. */
export interface ChartData {
  readonly values: readonly number[]
  readonly labels: readonly string[]
  /** They are counts: the vertical axis has whole numbers. */
  readonly isCount?: boolean
}

export interface ChartLooks {
  readonly columns: number
  readonly rows: number
  /** Of the line, as SGR parameters; `undefined`: no colours at all. */
  readonly color: string | undefined
}

/** Returns the lines of a chart, drawn by blessed-contrib on a screen that nobody sees. */
export function drawChart(
  { values, labels, isCount = false }: ChartData,
  { columns, rows, color }: ChartLooks,
): readonly string[] {
  const height = rows + UNUSED_ROWS
  const screen = canvasOf(columns, height)
  const chart = new LineChart({
    top: 0,
    left: 0,
    width: columns,
    height,
    // What these are drawn in stands in `withColor`.
    style: { line: 'cyan', text: 'white', baseline: 'white' },
    xPadding: 5,
    abbreviate: true,
    wholeNumbersOnly: isCount,
    maxY: topOf(values, rows),
  })
  screen.append(chart)
  try {
    chart.setData([{ x: labels, y: values, style: { line: 'cyan' } }])
    screen.render()
    return screen
      .screenshot(0, columns, 0, rows)
      .split('\n')
      .slice(0, rows)
      .map((line) => withColor(line, color))
  } finally {
    chart.destroy()
  }
}

/** The types of blessed forget that this returns what is on the screen. */
type Canvas = Omit<Widgets.Screen, 'screenshot'> & {
  screenshot(left: number, right: number, top: number, bottom: number): string
}

let canvas: { readonly screen: Canvas; readonly columns: number; readonly rows: number } | undefined

/** Returns the screen that charts are drawn on, large enough: to make one takes far longer than to draw. */
function canvasOf(columns: number, rows: number): Canvas {
  if (canvas !== undefined && canvas.columns >= columns && canvas.rows >= rows) return canvas.screen
  canvas?.screen.destroy()
  leaveErrorsAlone()
  const size = { columns: Math.max(columns, CANVAS_COLUMNS), rows: Math.max(rows, CANVAS_ROWS) }
  const screen = blessed.screen({
    input: terminal(size.columns, size.rows),
    output: terminal(size.columns, size.rows),
    terminal: 'xterm-256color',
    fullUnicode: true,
  }) as unknown as Canvas
  canvas = { screen, ...size }
  return screen
}

/** Keeps blessed from catching what nobody catches, which it tells where nobody sees it, and from ending the process on signals. */
function leaveErrorsAlone(): void {
  // Its types do not know the class of its screens.
  const { Screen } = blessed as unknown as { readonly Screen: object }
  Object.assign(Screen, { _bound: true })
}

/** Half of a large terminal. */
const CANVAS_COLUMNS = 100
const CANVAS_ROWS = 30

/** Rows that the widget leaves empty at its end. */
const UNUSED_ROWS = 2
/** Dots of a row of Braille patterns, dots that the widget keeps for its labels, and how far too high it draws. */
const ROW_DOTS = 4
const LABEL_DOTS = 11
const LIFT_DOTS = 3

/** Returns a row in the colours of the theme. White on white would not be seen: axes and labels have the terminal's own. */
function withColor(row: string, color: string | undefined): string {
  if (color === undefined) return row.replace(/\u001b\[[0-9;]*m/g, '')
  return row.replaceAll('\u001b[36m', `\u001b[${color}m`).replaceAll('\u001b[37m', '\u001b[39m')
}

/** Returns the value at the top of the chart: the widget draws lines a little too high, beyond its own top in low charts. */
function topOf(values: readonly number[], rows: number): number {
  const highest = Math.max(...values)
  const dots = Math.max(LIFT_DOTS + 1, rows * ROW_DOTS - LABEL_DOTS)
  return highest <= 0 ? 1 : highest / (1 - LIFT_DOTS / dots)
}

/** A stream that passes for a terminal, and that nothing goes out of. */
function terminal(columns: number, rows: number): PassThrough {
  const stream = new PassThrough()
  stream.resume()
  return Object.assign(stream, { columns, rows, isTTY: true, setRawMode: () => undefined })
}
