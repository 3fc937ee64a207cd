import type { Motion } from '../keymap/motion.ts'

/** Where one is in a list: the chosen row, and the row at the top of the window. Both count from 0. */
export interface ListPlace {
  readonly selected: number
  readonly top: number
}

export const LIST_START: ListPlace = { selected: 0, top: 0 }

/** How long a list is, and how many of its rows are seen. */
export interface ListExtent {
  readonly count: number
  readonly height: number
}

/** Returns the place after a key; it never leaves the list. */
export function moveInList(place: ListPlace, motion: Motion, extent: ListExtent): ListPlace {
  const page = Math.max(1, extent.height - 1)
  const wanted: Readonly<Record<Motion, number>> = {
    up: place.selected - 1,
    down: place.selected + 1,
    'page-up': place.selected - page,
    'page-down': place.selected + page,
    first: 0,
    last: extent.count - 1,
  }
  return placeAt(place, wanted[motion], extent)
}

/** A place in a list whose rows come and go: the row with the id `chosen` stays chosen, as long as it is there. */
export interface HeldPlace {
  readonly place: ListPlace
  /** `undefined`: nobody has moved yet, and what comes first is chosen. */
  readonly chosen: string | undefined
}

type Rows = readonly { readonly id: string }[]

/** Returns where the chosen row is by now. */
export function placeNow({ place, chosen }: HeldPlace, rows: Rows): ListPlace {
  const at = chosen === undefined ? -1 : rows.findIndex(({ id }) => id === chosen)
  return { ...place, selected: at < 0 ? Math.max(0, Math.min(place.selected, rows.length - 1)) : at }
}

/** Returns the place after a key, holding on to the row that is chosen then. */
export function moveAndHold(held: HeldPlace, motion: Motion, rows: Rows, height: number): HeldPlace {
  const extent = { count: rows.length, height }
  const before = placeNow(held, rows)
  const place = moveInList(placeAt(before, before.selected, extent), motion, extent)
  return { place, chosen: rows[place.selected]?.id }
}

/** Returns the place with row `selected` chosen, scrolled no further than needed to see it. */
export function placeAt(place: ListPlace, selected: number, { count, height }: ListExtent): ListPlace {
  const chosen = Math.max(0, Math.min(selected, count - 1))
  const rows = Math.max(1, height)
  const top = Math.max(0, Math.min(place.top, chosen, count - rows))
  return { selected: chosen, top: Math.max(top, chosen - rows + 1) }
}
