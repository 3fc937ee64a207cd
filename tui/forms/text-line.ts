import { characterOf, type Key } from '../keymap/key.ts'

/** A line of text that is typed: characters, and the cursor before one of them. */
export interface TextLine {
  readonly text: string
  /** In characters (code points), 0..their count. */
  readonly cursor: number
}

/** What a field holds at most: what is pasted may be a file. */
export const CHARACTERS_MAX = 4096

export const EMPTY_LINE: TextLine = { text: '', cursor: 0 }

export function lineOf(text: string): TextLine {
  return { text, cursor: Array.from(text).length }
}

/** Returns the line after a key, and the same line for keys that mean nothing in one. */
export function typeKey(line: TextLine, key: Key): TextLine {
  const characters = Array.from(line.text)
  switch (key) {
    case 'left':
      return { ...line, cursor: Math.max(0, line.cursor - 1) }
    case 'right':
      return { ...line, cursor: Math.min(characters.length, line.cursor + 1) }
    case 'home':
    case 'ctrl+a':
      return { ...line, cursor: 0 }
    case 'end':
    case 'ctrl+e':
      return { ...line, cursor: characters.length }
    case 'backspace':
      return line.cursor === 0 ? line : without(characters, line.cursor - 1)
    case 'delete':
    case 'ctrl+d':
      return line.cursor === characters.length ? line : without(characters, line.cursor)
    case 'ctrl+u':
      return { text: characters.slice(line.cursor).join(''), cursor: 0 }
    default: {
      const character = characterOf(key)
      return character === undefined ? line : insert(line, character)
    }
  }
}

/** Tells whether a line holds all of pasted text with what is in it already. */
export function fitsLine(line: TextLine, text: string): boolean {
  return Array.from(line.text).length + Array.from(asOneLine(text)).length <= CHARACTERS_MAX
}

/** Returns the line with pasted text in it: one line, without controls, and no longer than a field may be. */
export function pasteText(line: TextLine, text: string): TextLine {
  return insert(line, asOneLine(text))
}

/** Terminals send the ends of lines as CR, LF or both. */
function asOneLine(text: string): string {
  return text.replace(/[\r\n]+$/, '').replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}

function insert(line: TextLine, text: string): TextLine {
  const before = Array.from(line.text)
  const added = Array.from(text).slice(0, CHARACTERS_MAX - before.length)
  before.splice(line.cursor, 0, ...added)
  return { text: before.join(''), cursor: line.cursor + added.length }
}

function without(characters: readonly string[], at: number): TextLine {
  return { text: characters.filter((_, index) => index !== at).join(''), cursor: at }
}
