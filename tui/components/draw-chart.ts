import { PassThrough } from 'node:stream'

import blessed, { type Widgets } from 'blessed'
import LineChart from 'blessed-contrib/lib/widget/charts/line.js'

/** What a chart shows: one value for each step of the horizontal axis, and what stands below some of them. */
export interface ChartData {
  readonly values: readonly number[]
  readonly labels: readonly string[]
  /** What the values are in: it stands above the vertical axis, in a row of its own; empty where the title says it. */
  readonly unit: string
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
export function drawChart({ values, labels, unit, isCount = false }: ChartData, looks: ChartLooks): readonly string[] {
  const { columns, color } = looks
  const rows = looks.rows - UNIT_ROWS
  const height = rows + UNUSED_ROWS
  const plotDots = Math.max(LIFT_DOTS + 1, height * ROW_DOTS - AROUND_DOTS)
  const screen = canvasOf(columns, height)
  const step = labelStep(labels, columns)
  const chart = new LineChart({
    top: 0,
    left: 0,
    width: columns,
    height,
    // What these are drawn in stands in `withColor`.
    style: { line: 'cyan', text: 'white', baseline: 'white' },
    xPadding: 5,
    xLabelPadding: DOTS_OF_A_COLUMN * unit.length,
    showNthLabel: step,
    abbreviate: true,
    wholeNumbersOnly: isCount,
    numYLabels: Math.max(1, Math.min(Y_LABELS_MAX, Math.floor(plotDots / ROW_DOTS))),
    maxY: topOf(values, plotDots),
  })
  screen.append(chart)
  try {
    chart.setData([{ x: withoutRepeats(labels, step), y: values, style: { line: 'cyan' } }])
    screen.render()
    const lines = screen
      .screenshot(0, columns, 0, rows)
      .split('\n')
      .slice(0, rows)
      .map((line) => withColor(line, color))
    return [unit, ...lines]
  } finally {
    chart.destroy()
  }
}

/** Columns that the widget has at least for labels below the chart: the others are those before it and at its end. */
const LABEL_COLUMNS_LOST = 14
const LABEL_GAP = 2
/** Of Braille patterns. */
const DOTS_OF_A_COLUMN = 2

/** Returns how many values have one label, so that all that are drawn fit side by side. */
function labelStep(labels: readonly string[], columns: number): number {
  const longest = Math.max(1, ...labels.map(({ length }) => length))
  const most = Math.max(1, Math.floor((columns - LABEL_COLUMNS_LOST) / (longest + LABEL_GAP)))
  return Math.max(1, Math.ceil(labels.length / most))
}

/** The widget writes "null" for nothing. */
const BLANK = ' '

/** Returns labels of which every `step`th is drawn, without those that say the same as the one drawn before. */
function withoutRepeats(labels: readonly string[], step: number): readonly string[] {
  return labels.map((label, index) => (index >= step && label === labels[index - step] ? BLANK : label))
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

/** Above the axis, where labels of low charts reach its end. */
const UNIT_ROWS = 1
/** Rows that the widget leaves empty at its end. */
const UNUSED_ROWS = 3
/** Dots of a row of Braille patterns, dots of the widget's height that are none of its plot, and how far too high it draws. */
const ROW_DOTS = 4
const AROUND_DOTS = 19
const LIFT_DOTS = 3
/** In lower charts they are fewer, so that none lies over another. */
const Y_LABELS_MAX = 5

/** Returns a row in the colours of the theme. White on white would not be seen: axes and labels have the terminal's own. */
function withColor(row: string, color: string | undefined): string {
  if (color === undefined) return row.replace(/\u001b\[[0-9;]*m/g, '')
  return row.replaceAll('\u001b[36m', `\u001b[${color}m`).replaceAll('\u001b[37m', '\u001b[39m')
}

/** Returns the value at the top of the chart: the widget draws lines a little too high, beyond its own top in low charts. */
function topOf(values: readonly number[], plotDots: number): number {
  const highest = Math.max(...values)
  return highest <= 0 ? 1 : highest / (1 - LIFT_DOTS / plotDots)
}

/** A stream that passes for a terminal, and that nothing goes out of. */
function terminal(columns: number, rows: number): PassThrough {
  const stream = new PassThrough()
  stream.resume()
  return Object.assign(stream, { columns, rows, isTTY: true, setRawMode: () => undefined })
}
