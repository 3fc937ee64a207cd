import { textWidth } from '../../src/base/text-width.ts'
import { type Binding, type Keymap, shownKey } from '../keymap/keymap.ts'
import { SHARED_KEYS, type SharedCommand, TYPING_KEYS } from '../keymap/shared-keys.ts'

const GAP = '  '

/** They lead to all others, so that they are never left out. */
const FINDING: readonly SharedCommand[] = ['palette', 'help']

export interface KeyLineOptions {
  readonly columns: number
  /** `false` while keys are text of a field. */
  readonly hasSharedKeys: boolean
}

/**
 * Returns the keys of a screen and those of every screen, as many as fit: those by which all others are found first, then
 * the screen's own in their order, then the rest.
 */
export function keyLine(own: Keymap<string>, { columns, hasSharedKeys }: KeyLineOptions): string {
  const taken = own.flatMap(({ keys }) => keys)
  const shared = (hasSharedKeys ? SHARED_KEYS : TYPING_KEYS).filter(
    ({ keys }) => !keys.some((key) => taken.includes(key)),
  )
  const finding = shared.filter(({ command }) => FINDING.includes(command))
  const others = shared.filter(({ command }) => !FINDING.includes(command))
  const shown = new Set<string>()
  let left = columns + GAP.length
  for (const text of [...finding, ...own, ...others].flatMap(textOf)) {
    const width = textWidth(text) + GAP.length
    if (width > left) continue
    left -= width
    shown.add(text)
  }
  return [...own, ...finding, ...others]
    .flatMap(textOf)
    .filter((text) => shown.has(text))
    .join(GAP)
}

function textOf({ keys, label }: Binding<string>): readonly string[] {
  return label === undefined ? [] : [`${keys.slice(0, 1).map(shownKey).join('')} ${label}`]
}
