import type { Key } from '../keymap/key.ts'
import { EMPTY_LINE, lineOf, pasteText, type TextLine, typeKey } from './text-line.ts'

/** A single line that is asked for, such as what to search for, and what was typed there the last time. */
export interface Prompt {
  readonly line: TextLine
  readonly last: string
}

export const EMPTY_PROMPT: Prompt = { line: EMPTY_LINE, last: '' }

/** The key that brings back what was typed the last time. */
export const RECALL = {
  command: 'recall',
  keys: ['up'],
  label: 'as before',
  help: 'what was typed here the last time',
} as const

export type RecallCommand = typeof RECALL.command

/** Returns the prompt after a key. */
export function typeInPrompt(prompt: Prompt, key: Key): Prompt {
  if (RECALL.keys.some((each) => each === key))
    return prompt.last === '' ? prompt : { ...prompt, line: lineOf(prompt.last) }
  return { ...prompt, line: typeKey(prompt.line, key) }
}

export function pasteInPrompt(prompt: Prompt, text: string): Prompt {
  return { ...prompt, line: pasteText(prompt.line, text) }
}

/** Returns the prompt, empty again; what was typed can be brought back. */
export function leavePrompt({ line, last }: Prompt): Prompt {
  return { line: EMPTY_LINE, last: line.text === '' ? last : line.text }
}
