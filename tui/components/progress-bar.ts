/** Returns a bar of `columns` columns, filled by `part` of 1: `█████░░░░░`. */
export function progressBar(part: number, columns: number): string {
  const filled = Math.round(Math.max(0, Math.min(1, part)) * columns)
  return '█'.repeat(filled) + '░'.repeat(Math.max(0, columns - filled))
}
