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

/** Returns the place with row `selected` chosen, scrolled no further than needed to see it. */
export function placeAt(place: ListPlace, selected: number, { count, height }: ListExtent): ListPlace {
  const chosen = Math.max(0, Math.min(selected, count - 1))
  const rows = Math.max(1, height)
  const top = Math.max(0, Math.min(place.top, chosen, count - rows))
  return { selected: chosen, top: Math.max(top, chosen - rows + 1) }
}
