import { inspect } from 'node:util'

import { expect, test } from 'vitest'

import { fc } from '../support/fast-check.ts'
import {
  checkboxField,
  choiceField,
  type Field,
  type Form,
  isChecked,
  pasteInForm,
  secretField,
  takeSecret,
  textField,
  textOf,
  typeInForm,
  withMistakes,
} from '../../tui/forms/form.ts'
import { fieldsInView } from '../../tui/components/form-layout.ts'
import { Secret } from '../../tui/forms/secret.ts'
import { EMPTY_LINE, lineOf, pasteText, typeKey } from '../../tui/forms/text-line.ts'

type Name = 'name' | 'kind' | 'really' | 'secret'

function form(): Form<Name> {
  return {
    fields: [
      { name: 'name', label: 'Name', field: textField('a') },
      { name: 'kind', label: 'Kind', field: choiceField(['one', 'two', 'three']) },
      { name: 'really', label: 'Really', field: checkboxField(false) },
      { name: 'secret', label: 'Secret', field: secretField() },
    ],
    focus: 0,
  }
}

function typed(start: Form<Name>, ...keys: readonly string[]): Form<Name> {
  return keys.reduce((now, key) => typeInForm(now, key).form, start)
}

test('keys go to the field in focus, and Tab and Enter move it', () => {
  const filled = typed(form(), 'b', 'tab', 'right', 'right', 'enter', 'space', 'tab', 'x', 'y')
  expect(textOf(filled, 'name')).toBe('ab')
  expect(textOf(filled, 'kind')).toBe('three')
  expect(isChecked(filled, 'really')).toBe(true)
  expect(Buffer.from(takeSecret(filled, 'secret')).toString()).toBe('xy')
})

test('Enter in the last field sends the form, Ctrl+S sends it from anywhere, Esc leaves it', () => {
  expect(typeInForm({ ...form(), focus: 3 }, 'enter').outcome).toBe('sent')
  expect(typeInForm(form(), 'ctrl+s').outcome).toBe('sent')
  expect(typeInForm(form(), 'esc').outcome).toBe('left')
})

test('the first field with a mistake gets the focus, and typing in it takes the mistake away', () => {
  const wrong = withMistakes(form(), { kind: 'not that one' })
  expect(wrong.focus).toBe(1)
  expect(typed(wrong, 'right').fields[1]?.mistake).toBeUndefined()
})

test('in too little room the field in focus is seen with all that is said of it, and no more rows than there are', () => {
  const wrong = withMistakes(form(), {
    name: 'the name is taken',
    kind: 'this kind is not known to anybody who would read this',
    secret: 'the secret is too short to be one of those that are kept',
  })
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.integer({ min: 5, max: 12 }), (focus, rows) => {
      const seen = fieldsInView({ ...wrong, focus }, 32, rows)
      expect(seen.reduce((sum, { notes }) => sum + 1 + notes.length, 0)).toBeLessThanOrEqual(rows)
      const focused = seen.find(({ isFocused }) => isFocused)
      expect(focused?.labelled.name).toBe(wrong.fields[focus]?.name)
      expect(focused?.notes.join(' ')).toBe(
        focused?.labelled.mistake === undefined ? '' : `✗ ${focused.labelled.mistake}`,
      )
    }),
  )
})

test('pasted text is one line without controls: no key of it is obeyed', () => {
  const pasted = pasteInForm(form(), '/home\u001b[2J\r\nrm -rf /\u0007\n')
  expect(textOf(pasted, 'name')).toBe('a/home [2J rm -rf / ')
})

test('a pasted file does not become a field without end', () => {
  expect(pasteText(EMPTY_LINE, 'x'.repeat(1_000_000)).text.length).toBe(4096)
})

test('only what a field does not hold of pasted text is missed, not what is no part of a line', () => {
  const fields = (field: Field): Form<'it'> => ({ fields: [{ name: 'it', label: 'It', field }], focus: 0 })
  const mistakeOf = (form: Form<'it'>): string | undefined => form.fields[0]?.mistake
  const almost = fields(textField('x'.repeat(4094)))
  for (const text of ['yz\r\n', 'y\t\t\t']) expect(mistakeOf(pasteInForm(almost, text))).toBeUndefined()
  expect(mistakeOf(pasteInForm(almost, 'xyz'))).toContain('the rest was not taken')
  const full = (): Form<'it'> => pasteInForm(fields(secretField()), 's'.repeat(4096))
  for (const text of ['', '\r\n']) expect(mistakeOf(pasteInForm(full(), text))).toBeUndefined()
  expect(mistakeOf(pasteInForm(full(), 's'))).toContain('too long')
})

test('a line is edited by characters, not by halves of them', () => {
  const line = ['left', 'backspace', 'home', 'delete', 'ß'].reduce(typeKey, lineOf('a😀é!'))
  expect(line.text).toBe('ß😀!')
})

test('a secret is never printed, and wiped once it was taken or typed on', () => {
  const first = Secret.empty().typeKey('ä').typeKey('b').typeKey('😀')
  expect(first).toHaveLength(3)
  expect(JSON.stringify({ first })).toBe('{"first":"[secret]"}')
  expect(inspect(first)).toBe('[secret]')
  const second = first.typeKey('backspace')
  expect(first.take()).toEqual(new Uint8Array(7))
  expect(Buffer.from(second.take()).toString()).toBe('äb')
  expect(second.take()).toEqual(new Uint8Array(3))
})

test('the end of the line that is pasted with a secret is no part of it', () => {
  expect(Buffer.from(Secret.empty().paste('word pass\r\n').take()).toString()).toBe('word pass')
})
