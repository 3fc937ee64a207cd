/** Returns a number of whole things, in groups of three digits. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Returns `count` with its noun: `1 file`, `2 files`, `1 entry`, `2 entries`. */
export function numberOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}
