import type { PointData } from '../../../src/service/application/shown.ts'

/** Where a word of the filter is looked for; without one of these before it, everywhere. */
const PLACES = {
  'tag:': (point: PointData) => point.tags,
  'instance:': (point: PointData) => [point.instanceName, point.instance],
  'source:': (point: PointData) => point.sources ?? [],
  'type:': (point: PointData) => [point.type],
} as const

interface Found {
  readonly filter: string
  readonly points: readonly PointData[]
}

/** The last search in each list: lists are long, and a frame asks more than once. */
const lastFound = new WeakMap<readonly PointData[], Found>()

/** Returns the points that hold every word of `filter`, in their order. */
export function filterPoints(points: readonly PointData[], filter: string): readonly PointData[] {
  const words = filter
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '')
  if (words.length === 0) return points
  const last = lastFound.get(points)
  if (last?.filter === filter) return last.points
  const found = points.filter((point) => words.every((word) => holds(point, word)))
  lastFound.set(points, { filter, points: found })
  return found
}

function holds(point: PointData, word: string): boolean {
  for (const [prefix, textsOf] of Object.entries(PLACES)) {
    if (word.startsWith(prefix)) return anyHolds(textsOf(point), word.slice(prefix.length))
  }
  const { id, chain, description, tags, instanceName, sources, type } = point
  return anyHolds([id, chain, description, instanceName, type, ...tags, ...(sources ?? [])], word)
}

function anyHolds(texts: readonly string[], word: string): boolean {
  return texts.some((text) => text.toLowerCase().includes(word))
}
