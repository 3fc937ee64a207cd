import { formatBytes } from '../../../src/base/format.ts'
import { numberOf } from '../../../src/base/number-of.ts'
import type { UndoData } from '../../../src/service/application/shown.ts'
import type { Keymap } from '../../keymap/keymap.ts'
import { MOTION_KEYS } from '../../keymap/motion.ts'
import { call, type Effect } from '../../state/call.ts'
import { LIST_START } from '../../state/list.ts'
import type { Shared } from '../../state/shared.ts'
import type { Step } from '../../state/step.ts'
import { shownTime } from '../../text/when.ts'
import { failingLines, type RestoreState, withoutItems } from './restore-state.ts'

/** What the preview of an undo can be given. */
export type UndoCommand = 'undo-start' | 'changes' | 'fold' | 'close'

export const UNDO_PREVIEW_KEYS: Keymap<UndoCommand | (typeof MOTION_KEYS)[number]['command']> = [
  { command: 'undo-start', keys: ['s'], label: 'undo', help: 'do what is shown, after a question' },
  { command: 'changes', keys: ['c'], label: 'changes', help: 'show only what would change, or everything' },
  { command: 'fold', keys: ['enter', 'left', 'right'], help: 'close or open the chosen folder' },
  { command: 'close', keys: ['esc'], label: 'leave it', help: 'leave the restore as it is' },
  ...MOTION_KEYS,
]

/** The repository whose restores are undone here. */
function repositoryOf({ marked }: RestoreState, shared: Shared): string | undefined {
  return marked?.repository ?? shared.repository
}

/** Asks which restore can be undone: the one whose report is shown, otherwise the last one. */
export function askUndoable(state: RestoreState, shared: Shared): Step<RestoreState> {
  const repository = repositoryOf(state, shared)
  if (repository === undefined) return { state, say: 'There is no repository to undo a restore from.' }
  return { state, effects: [call('restore:undoable', 'undoable', repository, state.job?.id)] }
}

/** Begins to show what an undo would do. */
export function showUndo(state: RestoreState, undo: UndoData, shared: Shared): Step<RestoreState> {
  const repository = repositoryOf(state, shared)
  if (repository === undefined) return { state }
  const next = withoutItems({ ...state, undo, closed: new Set(), place: LIST_START })
  return { state: next, effects: [call('restore:preview', 'previewUndo', repository, undo.id)] }
}

/** Where another look at the target is answered before anything is done to it. */
export const LOOK_SLOT = 'restore:look'

/** Returns the call that looks once more at what an undo would do. */
export function lookAtUndo(state: RestoreState, undo: UndoData, shared: Shared): Effect | undefined {
  const repository = repositoryOf(state, shared)
  return repository === undefined ? undefined : call(LOOK_SLOT, 'previewUndo', repository, undo.id)
}

/** Says which restore it is about: `the restore of 2026-11-21 08:04 to /srv from point 1a2b3c4d`. */
export function undoneText({ atMs, target, restored }: UndoData): string {
  return `the restore of ${shownTime(atMs)} to ${target} from point ${restored.slice(0, 8)}`
}

/** Asks whether to take back what the preview shows. */
export function askToUndo(state: RestoreState, undo: UndoData): Step<RestoreState> {
  const { create, overwrite, delete: deleted, keep, fail } = state.totals
  if (create.count + overwrite.count + deleted.count === 0) {
    if (fail.count > 0) return { state, say: `Nothing can be taken back: ${numberOf(fail.count, 'path')} would fail.` }
    return { state, say: 'There is nothing to take back: all is as it was before that restore, or was changed since.' }
  }
  return {
    state,
    ask: {
      name: 'undo',
      title: 'Take this restore back?',
      lines: [
        `${undoneText(undo)}:`,
        '',
        `${numberOf(deleted.count, 'path')} that it created deleted, ${formatBytes(deleted.bytes)}`,
        `${numberOf(create.count + overwrite.count, 'path')} put back, ${formatBytes(create.bytes + overwrite.bytes)}`,
        ...(keep.count === 0 ? [] : [`${numberOf(keep.count, 'path')} changed since and kept`]),
        ...failingLines(state),
        'What this overwrites or deletes becomes a point first: undo brings it back.',
      ],
      verb: 'undo',
    },
  }
}

/** Returns the call that does it. */
export function startUndo(state: RestoreState, shared: Shared): Step<RestoreState> {
  const repository = repositoryOf(state, shared)
  const { undo } = state
  if (repository === undefined || undo === undefined) return { state }
  return { state, effects: [call('restore:start', 'undo', repository, undo.id)] }
}
