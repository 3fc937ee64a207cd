import { numberOf } from '../../../src/base/number-of.ts'
import type {
  Handle,
  JobData,
  OverwriteMode,
  PreviewItem,
  RestoreAction,
  RestoreRequest,
  UndoData,
} from '../../../src/service/application/shown.ts'
import { type Editor, editorOf } from '../../forms/editor.ts'
import { checkboxField, choiceField, type Form, isChecked, textField, textOf } from '../../forms/form.ts'
import type { Marked } from '../../state/destination.ts'
import { LIST_START, type ListPlace } from '../../state/list.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Problem } from '../../state/problem.ts'
import type { Shared } from '../../state/shared.ts'
import { inTreeOrder, leftOut, type RestoreRow, restoreRows, type Total, totalsOf } from './restore-rows.ts'

export const OVERWRITE_MODES = ['if-changed', 'never', 'if-newer', 'always'] as const satisfies readonly OverwriteMode[]

export type OptionField = 'target' | 'overwrite' | 'delete'

export interface RestoreState {
  readonly marked: Marked | undefined
  /** An absolute path; empty: in place. */
  readonly target: string
  readonly overwrite: OverwriteMode
  /** For single paths instead of that. */
  readonly modes: ReadonlyMap<Handle, OverwriteMode>
  readonly without: ReadonlySet<Handle>
  readonly deleteOthers: boolean
  /** Something of the above was said that no restore has been begun with. */
  readonly isPrepared: boolean
  /** In tree order where they are `arranged`; otherwise, what came last stands at their end. */
  readonly items: readonly PreviewItem[]
  /** The items that the lines were made of. */
  readonly arranged: readonly PreviewItem[]
  /** `true` once the preview is whole. */
  readonly isWhole: boolean
  /** When it became that. */
  readonly seenMs: number | undefined
  /** Another look at the target before anything is done: what it found until now, and whether the question was answered. */
  readonly look: { readonly items: readonly PreviewItem[]; readonly isConfirmed: boolean } | undefined
  /** Paths of which the last look found something else than what was shown before. */
  readonly differing: ReadonlySet<Handle>
  readonly problem: Problem | undefined
  readonly freeBytes: number | undefined
  readonly closed: ReadonlySet<Handle>
  readonly changesOnly: boolean
  /** What does not come back, the lines and the sums, made from the above. */
  readonly out: ReadonlySet<Handle>
  readonly rows: readonly RestoreRow[]
  readonly totals: Readonly<Record<RestoreAction | 'left out', Total>>
  readonly place: ListPlace
  readonly options: Editor<OptionField> | undefined
  /** The restore whose undo is previewed, instead of what is marked. */
  readonly undo: UndoData | undefined
  /** The restore or undo that was started from here, and what its log said at its end. */
  readonly job:
    | { readonly id: Handle; readonly kind: 'restore' | 'undo'; readonly report: readonly string[] | undefined }
    | undefined
}

export const INITIAL_RESTORE: RestoreState = {
  marked: undefined,
  target: '',
  overwrite: 'if-changed',
  modes: new Map(),
  without: new Set(),
  deleteOthers: false,
  isPrepared: false,
  items: [],
  arranged: [],
  isWhole: false,
  seenMs: undefined,
  look: undefined,
  differing: new Set(),
  problem: undefined,
  freeBytes: undefined,
  closed: new Set(),
  changesOnly: false,
  out: new Set(),
  rows: [],
  totals: totalsOf([], new Set()),
  place: LIST_START,
  options: undefined,
  undo: undefined,
  job: undefined,
}

/** Returns the state with its lines and sums made anew. */
export function withRows(state: RestoreState): RestoreState {
  const items = state.items === state.arranged ? state.items : inTreeOrder(state.items)
  // An undo is the state before, or none: nothing is left out of it.
  const out = leftOut(items, state.undo === undefined ? state.without : new Set())
  return { ...state, items, arranged: items, out, rows: restoreRows(items, state), totals: totalsOf(items, out) }
}

/** Returns the state with nothing known of the target: it is looked at from the beginning. */
export function withoutItems(state: RestoreState): RestoreState {
  const unknown = { items: [], isWhole: false, seenMs: undefined, look: undefined, differing: new Set<Handle>() }
  return withRows({ ...state, ...unknown, problem: undefined })
}

/** Returns what shall be looked at, also what is left out, so that it can be taken in again. */
export function previewRequest(state: RestoreState, { repository, point, items }: Marked): RestoreRequest {
  const { deleteOthers, modes, overwrite, target } = state
  const whole = items.map(({ path }) => ({ path, overwrite: modes.get(path) ?? overwrite }))
  const marked = new Set(items.map(({ path }) => path))
  const single = [...modes].filter(([path]) => !marked.has(path)).map(([path, mode]) => ({ path, overwrite: mode }))
  return {
    repository,
    point,
    selections: [...whole, ...single],
    without: [],
    target: target === '' ? undefined : target,
    deleteOthers,
  }
}

/**
 * Returns what shall be restored: what the preview was of, without what was left out.
 *
 * Of paths inside each other the inner word counts, so each path that was selected below one that is left out has to be
 * left out by name. None is taken from the selections: the target's layout follows from all of them.
 */
export function restoreRequest(state: RestoreState, marked: Marked): RestoreRequest {
  const request = previewRequest(state, marked)
  const inner = request.selections.map(({ path }) => path).filter((path) => state.out.has(path))
  return { ...request, without: [...new Set([...state.without, ...inner])] }
}

/** Returns the bytes that will be written. */
export function bytesNeeded({ totals }: RestoreState): number {
  return totals.create.bytes + totals.overwrite.bytes
}

/** Returns what a question says of paths that would fail. */
export function failingLines({ totals: { fail } }: RestoreState): readonly string[] {
  return fail.count === 0 ? [] : [`▲ ${numberOf(fail.count, 'path')} would fail: the preview says why`]
}

export function jobOf({ job }: RestoreState, shared: Shared): JobData | undefined {
  return valueOr(shared.jobs, []).find(({ id }) => id === job?.id)
}

export function hasEnded(job: JobData): boolean {
  return job.state !== 'queued' && job.state !== 'running'
}

export function optionEditor({ target, overwrite, deleteOthers }: RestoreState): Editor<OptionField> {
  return editorOf(
    {
      fields: [
        {
          name: 'target',
          label: 'Restore to',
          field: textField(target),
          help: 'an absolute path, Ctrl+O chooses; empty: in place',
        },
        {
          name: 'overwrite',
          label: 'Overwrite',
          field: choiceField(OVERWRITE_MODES, OVERWRITE_MODES.indexOf(overwrite)),
          help: '← → choose when what is there is replaced',
        },
        {
          name: 'delete',
          label: 'Delete others',
          field: checkboxField(deleteOthers),
          help: 'Space: delete what the point does not hold',
        },
      ],
      focus: 0,
    },
    { pickable: { target: 'one' }, wishes: { target: 'new-folders' } },
  )
}

/**
 * Returns the preview of what is marked now, with what was typed and left out before where it is of the same point.
 *
 * What was said of single paths counts as long as all marks are there that it was said under: it would restore what is
 * no longer marked.
 */
export function previewOf(before: RestoreState, marked: Marked): RestoreState {
  const { marked: old, target, overwrite, deleteOthers, isPrepared, modes, without } = before
  const fresh: RestoreState = { ...INITIAL_RESTORE, marked }
  if (old === undefined || before.job !== undefined) return fresh
  if (old.repository !== marked.repository || old.point !== marked.point) return fresh
  const now = new Set(marked.items.map(({ path }) => path))
  const kept: RestoreState = { ...fresh, target, overwrite, deleteOthers, isPrepared }
  return old.items.every(({ path }) => now.has(path)) ? { ...kept, modes, without } : kept
}

/** Returns the state with the options as typed. */
export function withOptions(state: RestoreState, form: Form<OptionField>): RestoreState {
  const overwrite = OVERWRITE_MODES.find((mode) => mode === textOf(form, 'overwrite')) ?? state.overwrite
  const target = textOf(form, 'target').trim()
  return { ...state, target, overwrite, deleteOthers: isChecked(form, 'delete'), isPrepared: true, options: undefined }
}
