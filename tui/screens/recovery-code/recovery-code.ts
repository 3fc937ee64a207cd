import { equalBytes, utf8 } from '../../../src/base/bytes.ts'
import { type Editor, editorOf, editorWithMistakes, pasteInEditor, typeInEditor } from '../../forms/editor.ts'
import { textField, textOf } from '../../forms/form.ts'
import type { Key } from '../../keymap/key.ts'
import type { Keymap } from '../../keymap/keymap.ts'

/** Groups that are asked for. */
const ASKED = 2

/** The recovery code of a new repository, which is shown once; it goes when it was found to be written down. */
export interface ShownCode {
  /** The repository that it opens. */
  readonly repository: string
  readonly code: string
  /** The id of the slot that it opens, where there are others of its kind to tell it from. */
  readonly slot: string | undefined
  /** Which of its groups are asked for, counted from 0. */
  readonly asked: readonly number[]
  /** They are typed now: the code is not seen then. */
  readonly isChecking: boolean
  /** What was typed of them, which stays while the code is looked at again. */
  readonly check: Editor<string>
}

/** What there is to say of a new code. */
export interface NewCode {
  readonly repository: string
  readonly code: string
  readonly slot?: string
}

/**
 * Returns a code that is shown.
 *
 * `nowMs` chooses the groups: nobody is kept out by them, so that they only have to differ from one time to the next.
 */
export function shownCode({ repository, code, slot }: NewCode, nowMs: number): ShownCode {
  const count = groupsOf(code).length
  const first = nowMs % count
  const second = (first + 1 + (Math.floor(nowMs / 1000) % Math.max(1, count - 1))) % count
  const asked = [...new Set([first, second])].slice(0, ASKED).sort((a, b) => a - b)
  return { repository, code, slot, asked, isChecking: false, check: checkOf(asked) }
}

export function groupsOf(code: string): readonly string[] {
  return code.split('-')
}

const SHOWN_KEYS: Keymap<string> = [
  { command: 'code-check', keys: ['enter'], label: 'it is written down', help: 'show that the code is written down' },
]
/** One among others can be done without: the repository has been opened before. */
const DISCARD = {
  command: 'code-discard',
  keys: ['esc'],
  label: 'remove it again',
  help: 'remove the new code again, after a question',
} as const
const CHECK_KEYS: Keymap<string> = [
  { command: 'code-send', keys: ['ctrl+s'], label: 'done', help: 'compare what was typed' },
  { command: 'code-show', keys: ['esc'], label: 'show the code again', help: 'show the code again' },
]

export function codeKeys({ isChecking, slot }: ShownCode): Keymap<string> {
  if (isChecking) return CHECK_KEYS
  return slot === undefined ? SHOWN_KEYS : [...SHOWN_KEYS, DISCARD]
}

export interface CodeStep {
  readonly code: ShownCode
  /** `checked`: it is written down; `discarded`: it is not wanted. */
  readonly outcome: 'shown' | 'checked' | 'discarded'
}

/** Returns what a key makes of it. */
export function typeInCode(code: ShownCode, key: Key): CodeStep {
  if (!code.isChecking) {
    if (key === 'esc' && code.slot !== undefined) return { code, outcome: 'discarded' }
    return { code: key === 'enter' ? { ...code, isChecking: true } : code, outcome: 'shown' }
  }
  // No field takes a folder, so that nothing is looked for.
  const { editor, outcome } = typeInEditor(code.check, key, { home: '/', height: 1 })
  switch (outcome) {
    case 'editing':
      return { code: { ...code, check: editor }, outcome: 'shown' }
    case 'left':
    case 'asked':
      return { code: { ...code, isChecking: false, check: withoutMistaken(editor) }, outcome: 'shown' }
    case 'sent':
      return compare(code, editor)
  }
}

/** What was wrong is typed anew, not behind what is there; what was right stays. */
function withoutMistaken(editor: Editor<string>): Editor<string> {
  const fields = editor.form.fields.map((each) => {
    return each.mistake === undefined ? each : { ...each, field: textField(), mistake: undefined }
  })
  return { ...editor, form: { ...editor.form, fields } }
}

export function pasteInCode(code: ShownCode, text: string): ShownCode {
  return code.isChecking ? { ...code, check: pasteInEditor(code.check, text) } : code
}

function checkOf(asked: readonly number[]): Editor<string> {
  const fields = asked.map((group) => ({
    name: String(group),
    label: `Group ${group + 1}`,
    field: textField(),
    help: 'as you wrote it down; Esc shows the code again',
  }))
  return editorOf({ fields, focus: 0 })
}

function compare(code: ShownCode, editor: Editor<string>): CodeStep {
  const groups = groupsOf(code.code)
  const wrong = code.asked.filter((group) => {
    return !equalBytes(utf8(asRead(textOf(editor.form, String(group)))), utf8(asRead(groups[group] ?? '')))
  })
  if (wrong.length === 0) return { code, outcome: 'checked' }
  const mistakes = Object.fromEntries(wrong.map((group) => [String(group), 'is not what was shown']))
  return { code: { ...code, check: editorWithMistakes(editor, mistakes) }, outcome: 'shown' }
}

/** As a recovery code is read: case does not matter, O is 0, I and L are 1. */
function asRead(text: string): string {
  return text.trim().toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}
