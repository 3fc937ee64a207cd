declare module 'blessed-contrib/lib/widget/charts/line.js' {
  import type { Widgets } from 'blessed'

  interface LineData {
    readonly title?: string
    readonly x: readonly string[]
    readonly y: readonly number[]
    readonly style?: { readonly line: string }
  }

  interface LineChart extends Widgets.BoxElement {
    setData(data: readonly LineData[]): void
    /** Of Braille patterns, two dots wide and four high for each character. */
    readonly ctx: { fillText(text: string, x: number, y: number): void }
  }

  const line: new (options: Readonly<Record<string, unknown>>) => LineChart
  export default line
}
