import { dirname, join } from 'node:path/posix'

import { characterOf, type Key } from '../keymap/key.ts'
import { commandOf, type Keymap } from '../keymap/keymap.ts'
import { isMotion, MOTION_KEYS } from '../keymap/motion.ts'
import { LIST_START, type ListPlace, moveInList, placeAt } from '../state/list.ts'
import { afterFailure, type Loaded, LOADING, ready, valueOr } from '../state/loaded.ts'
import type { Problem } from '../state/problem.ts'

/** Folders of this machine, to choose some of them. */
export interface FolderPicker {
  /** The folder that is looked into: an absolute path. */
  readonly directory: string
  /** Names of the folders in it. */
  readonly folders: Loaded<readonly string[]>
  /** Among the rows: the folder itself, then those in it. */
  readonly place: ListPlace
  /** Absolute paths. */
  readonly chosen: readonly string[]
  readonly isForMany: boolean
}

export type PickerCommand = 'picker-take' | 'picker-mark' | 'picker-in' | 'picker-out' | 'picker-leave'

const TAKE = { command: 'picker-take', keys: ['enter'], label: 'take', help: 'take what is chosen' } as const
const MARK = { command: 'picker-mark', keys: ['space'], label: 'choose', help: 'choose a folder, or not' } as const
const IN = { command: 'picker-in', keys: ['right'], label: 'look in', help: 'look into the folder' } as const
const OUT = {
  command: 'picker-out',
  keys: ['left', 'backspace'],
  label: 'up',
  help: 'to the folder around it',
} as const
const LEAVE = { command: 'picker-leave', keys: ['esc'], label: 'leave', help: 'back to the form' } as const

/** Returns what the keys of a picker do; they are handled by the picker itself. */
export function pickerKeys({ isForMany }: FolderPicker): Keymap<PickerCommand> {
  return isForMany ? [TAKE, MARK, IN, OUT, LEAVE] : [TAKE, IN, OUT, LEAVE]
}

/** Returns a picker in a folder, whose names the caller has to ask for. */
export function pickerAt(directory: string, chosen: readonly string[] | undefined): FolderPicker {
  return {
    directory,
    folders: LOADING,
    place: LIST_START,
    chosen: chosen ?? [],
    isForMany: chosen !== undefined,
  }
}

/** Returns the absolute paths in the rows of a picker. */
export function pickerRows({ directory, folders }: FolderPicker): readonly string[] {
  return [directory, ...valueOr(folders, []).map((name) => join(directory, name))]
}

/** Where one looks, and what was chosen. */
export const PICKER_HEAD_ROWS = 2
/** The headings of the list. */
const HEADING_ROWS = 1

/** Returns how many folders a picker shows in `rows` rows of the terminal. */
export function pickerListRows(rows: number): number {
  return Math.max(1, rows - PICKER_HEAD_ROWS - HEADING_ROWS)
}

export interface PickerStep {
  readonly picker: FolderPicker
  /** `opened`: the names in its folder have to be asked for. */
  readonly outcome: 'picking' | 'opened' | 'taken' | 'left'
}

/** Returns the picker after a key; it shows `height` rows. */
export function pickWithKey(picker: FolderPicker, key: Key, height: number): PickerStep {
  const rows = pickerRows(picker)
  const extent = { count: rows.length, height }
  const row = rows[picker.place.selected] ?? picker.directory
  const command = commandOf([...pickerKeys(picker), ...MOTIONS], key)
  if (command === undefined) {
    const selected = nextBeginningWith(picker, key)
    return { picker: { ...picker, place: placeAt(picker.place, selected, extent) }, outcome: 'picking' }
  }
  if (isMotion(command)) {
    return { picker: { ...picker, place: moveInList(picker.place, command, extent) }, outcome: 'picking' }
  }
  switch (command) {
    case 'picker-leave':
      return { picker, outcome: 'left' }
    case 'picker-take': {
      const isChosen = picker.isForMany && picker.chosen.length > 0
      return { picker: isChosen ? picker : { ...picker, chosen: [row] }, outcome: 'taken' }
    }
    case 'picker-mark':
      return { picker: { ...picker, chosen: toggled(picker.chosen, row) }, outcome: 'picking' }
    case 'picker-in':
      return row === picker.directory ? { picker, outcome: 'picking' } : lookInto(picker, row)
    case 'picker-out':
      return lookInto(picker, dirname(picker.directory))
  }
}

/** Returns the picker with the names of folders that were asked for. */
export function withFolders(picker: FolderPicker, directory: string, names: readonly string[]): FolderPicker {
  return directory === picker.directory ? { ...picker, folders: ready(names) } : picker
}

/** Returns the picker after its folder could not be read. */
export function withoutFolders(picker: FolderPicker, problem: Problem): FolderPicker {
  return { ...picker, folders: afterFailure(picker.folders, problem) }
}

/** Letters go to names that begin with them. */
const MOTIONS = MOTION_KEYS.map((binding) => ({
  ...binding,
  keys: binding.keys.filter((key) => characterOf(key) === undefined),
}))

function lookInto(picker: FolderPicker, directory: string): PickerStep {
  return { picker: { ...picker, directory, folders: LOADING, place: LIST_START }, outcome: 'opened' }
}

function toggled(chosen: readonly string[], path: string): readonly string[] {
  return chosen.includes(path) ? chosen.filter((other) => other !== path) : [...chosen, path]
}

/** Returns the row of the next name that begins with a typed character, else the row that is chosen. */
function nextBeginningWith({ folders, place }: FolderPicker, key: Key): number {
  const character = characterOf(key)?.toLowerCase()
  const names = valueOr(folders, [])
  if (character === undefined) return place.selected
  const begins = (name: string): boolean => name.toLowerCase().startsWith(character)
  const next = names.findIndex((name, index) => index >= place.selected && begins(name))
  const found = next >= 0 ? next : names.findIndex(begins)
  return found < 0 ? place.selected : found + 1
}
