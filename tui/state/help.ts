import { shownKey } from '../keymap/keymap.ts'
import { SHARED_KEYS, TYPING_KEYS } from '../keymap/shared-keys.ts'
import { wrap } from '../text/fit.ts'
import { isTyping, keysOfScreen } from './screen-step.ts'
import { bodyRows, type Shared } from './shared.ts'
import type { State } from './state.ts'

/** Before what keys do, at least. */
const KEYS_COLUMNS = 19
/** Above and below: whose keys they are, and how to leave them. */
const OTHER_ROWS = 2

/** Returns what all keys do that are known now, none of it cut. */
export function helpLines(state: State): readonly string[] {
  const { columns } = state.shared.size
  const own = keysOfScreen(state)
  const taken = new Set(own.flatMap(({ keys }) => keys))
  const shared = (isTyping(state) ? TYPING_KEYS : SHARED_KEYS)
    .map((binding) => ({ ...binding, keys: binding.keys.filter((key) => !taken.has(key)) }))
    .filter(({ keys }) => keys.length > 0)
  return [...own, ...shared].flatMap(({ keys, help }) => {
    const names = `  ${keys.map(shownKey).join(' ')}`
    const before = Math.max(KEYS_COLUMNS, names.length + 1)
    return wrap(help, columns - before).map((line, row) => (row === 0 ? names : '').padEnd(before) + line)
  })
}

/** Returns how many of these lines are seen at once. */
export function helpRows(shared: Shared): number {
  return bodyRows(shared) - OTHER_ROWS
}
