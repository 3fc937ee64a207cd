import { nearestWord } from '../../../src/base/nearest-word.ts'
import type { PointData } from '../../../src/service/application/shown.ts'

/** Where a word of the filter is looked for with this and a colon before it; without one of them, everywhere. */
const PLACES = {
  tag: (point: PointData) => point.tags,
  instance: (point: PointData) => [point.instanceName, point.instance],
  source: (point: PointData) => point.sources ?? [],
  type: (point: PointData) => [point.type],
} as const
type Place = keyof typeof PLACES
const PLACE_NAMES = Object.keys(PLACES) as Place[]

/** Of what there is instead, so much is named. */
const NAMED_MAX = 5

interface Found {
  readonly filter: string
  readonly points: readonly PointData[]
}

/** The last search in each list: lists are long, and a frame asks more than once. */
const lastFound = new WeakMap<readonly PointData[], Found>()

/** Returns the points that hold every word of `filter`, in their order. */
export function filterPoints(points: readonly PointData[], filter: string): readonly PointData[] {
  const words = wordsOf(filter)
  if (words.length === 0) return points
  const last = lastFound.get(points)
  if (last?.filter === filter) return last.points
  const found = points.filter((point) => words.every((word) => holds(point, word)))
  lastFound.set(points, { filter, points: found })
  return found
}

/** Returns why no point holds every word of `filter`: the first that none holds, and what there is in its place. */
export function whyNoneFound(points: readonly PointData[], filter: string): string {
  const word = wordsOf(filter).find((each) => !points.some((point) => holds(point, each)))
  if (word === undefined) return 'no point has all of these words'
  const place = placeOf(word)
  if (place === undefined) {
    const near = word.includes(':')
      ? `; what can be asked for is ${PLACE_NAMES.map((name) => `${name}:`).join(' ')}`
      : ''
    return `no point has the word "${word}"${near}`
  }
  const wanted = word.slice(place.length + 1)
  const namesOf = place === 'instance' ? (point: PointData) => [point.instanceName] : PLACES[place]
  const known = new Set(points.flatMap(namesOf))
  return `no ${place} has "${wanted}" in it${insteadOf(wanted, known)}`
}

function insteadOf(wanted: string, known: ReadonlySet<string>): string {
  const near = nearestWord(wanted, known)
  if (near !== undefined) return `; is "${near}" meant?`
  if (known.size === 0) return ': there is none'
  const more = known.size > NAMED_MAX ? ` and ${known.size - NAMED_MAX} more` : ''
  return `; there ${known.size === 1 ? 'is' : 'are'} ${[...known].slice(0, NAMED_MAX).join(', ')}${more}`
}

function wordsOf(filter: string): readonly string[] {
  return filter
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '')
}

function placeOf(word: string): Place | undefined {
  return PLACE_NAMES.find((name) => word.startsWith(`${name}:`))
}

function holds(point: PointData, word: string): boolean {
  const place = placeOf(word)
  if (place !== undefined) return anyHolds(PLACES[place](point), word.slice(place.length + 1))
  const { id, chain, description, tags, instanceName, sources, type } = point
  return anyHolds([id, chain, description, instanceName, type, ...tags, ...(sources ?? [])], word)
}

function anyHolds(texts: readonly string[], word: string): boolean {
  return texts.some((text) => text.toLowerCase().includes(word))
}
