/**
 * A key as one word: the character that it types, or `up`, `down`, `left`, `right`, `pageup`, `pagedown`, `home`, `end`,
 * `enter`, `esc`, `tab`, `shift+tab`, `backspace`, `delete`, `space`, and `ctrl+` with a letter.
 */
export type Key = string

/** What Ink tells of a key, as far as it matters here. */
export interface PressedKey {
  readonly upArrow: boolean
  readonly downArrow: boolean
  readonly leftArrow: boolean
  readonly rightArrow: boolean
  readonly pageUp: boolean
  readonly pageDown: boolean
  readonly home: boolean
  readonly end: boolean
  readonly return: boolean
  readonly escape: boolean
  readonly tab: boolean
  readonly shift: boolean
  readonly backspace: boolean
  readonly delete: boolean
  readonly ctrl: boolean
  readonly meta: boolean
}

const NAMES: readonly (readonly [Exclude<keyof PressedKey, 'shift' | 'ctrl' | 'meta'>, Key])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
]

/**
 * Returns the keys that were pressed, in order: several when a slow line brought them together, none for what no screen
 * knows, such as function keys.
 */
export function keysOf(input: string, pressed: PressedKey): readonly Key[] {
  for (const [flag, name] of NAMES) if (pressed[flag]) return [name]
  if (pressed.tab) return [pressed.shift ? 'shift+tab' : 'tab']
  if (pressed.ctrl) return /^[a-z]$/.test(input) ? [`ctrl+${input}`] : []
  if (pressed.meta) return []
  return Array.from(input).flatMap(keyOfCharacter)
}

function keyOfCharacter(character: string): readonly Key[] {
  if (character === ' ') return ['space']
  if (character === '\r' || character === '\n') return ['enter']
  if (character === '\t') return ['tab']
  const code = character.codePointAt(0) ?? 0
  // A terminal sends Ctrl with a letter as the place of the letter in the alphabet.
  if (code >= 1 && code <= 26) return [`ctrl+${String.fromCodePoint(0x60 + code)}`]
  return isControl(character) ? [] : [character]
}

/** Returns the character that a key types, `undefined` for the other keys. */
export function characterOf(key: Key): string | undefined {
  if (key === 'space') return ' '
  return key.length === 1 || Array.from(key).length === 1 ? key : undefined
}

function isControl(character: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f]/.test(character)
}
