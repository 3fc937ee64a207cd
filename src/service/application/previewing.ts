import { readlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { type ByteString, byteString, byteStringOf, bytesOf, joinPath } from '../../base/byte-string.ts'
import { type TidemarkError, UsageError } from '../../base/errors.ts'
import { OwnerNames } from '../../base/posix/owners.ts'
import { planRestore, targetPath } from '../../engine/restore/plan-restore.ts'
import type { RestoreItem, RestoreOptions } from '../../engine/restore-types.ts'
import type { Paths } from '../directories.ts'
import { safeOptions, selectionOptions } from '../restore-options.ts'
import type { RestoreSelection } from '../restore-selection.ts'
import { pathOf, pointOf } from './browsing.ts'
import type { KnownRepository, OpenedRepository } from './known-repository.ts'
import { type FoundHere, showFound, showRestored } from './show-entry.ts'
import type { PreviewItem, RestoreRequest } from './shown.ts'
import { shownBytes, shownText } from './shown-text.ts'

/** So many items are made ready before others have their turn. */
const SLICE = 256

/** Returns what a request selects. @throws {UsageError} BAD_ARGUMENT */
export function selectionOf({ selections, without }: RestoreRequest): RestoreSelection {
  if (selections.length === 0) {
    throw new UsageError('BAD_ARGUMENT', 'nothing was selected to be restored', {
      hint: 'Mark files or folders first.',
    })
  }
  return {
    selections: selections.map(({ path, overwrite }) => ({ path: pathOf(path), overwrite })),
    without: without.map(pathOf),
  }
}

export interface PreviewOptions {
  readonly paths: Paths
  readonly workingDirectory: string
  readonly signal: AbortSignal
}

/** Yields what a restore would do: the very plan that `tidemark restore --selection` carries out. */
export async function* previewRestore(
  repository: KnownRepository,
  request: RestoreRequest,
  options: PreviewOptions,
): AsyncGenerator<PreviewItem> {
  const selection = selectionOf(request)
  yield* repository.stream((opened) => previewIn(opened, { request, selection }, options))
}

async function* previewIn(
  opened: OpenedRepository,
  { request, selection }: { readonly request: RestoreRequest; readonly selection: RestoreSelection },
  { paths, workingDirectory, signal }: PreviewOptions,
): AsyncGenerator<PreviewItem> {
  const point = await pointOf(opened, request.point)
  const repository = opened.repository.inRealm(point.realm)
  const target = request.target === undefined ? undefined : byteStringOf(resolve(workingDirectory, request.target))
  const wanted = selectionOptions(selection, { target, delete: request.deleteOthers, verify: false })
  const options = await safeOptions(wanted, { repository, point, paths })
  const view = await opened.trees.open(point)
  const shower = new RestoreShower(options, targetPath(view.root, options))
  const failed: PreviewItem[] = []
  const onFailure = (path: ByteString, error: TidemarkError): void => void failed.push(shower.showFailure(path, error))
  let count = 0
  for await (const item of planRestore({ view, repository, options, signal, onFailure })) {
    yield* failed.splice(0)
    yield await shower.show(item)
    if (++count % SLICE === 0) await setImmediate()
  }
  yield* failed
}

/** Shows the items of a plan, and what it would fail on. */
export class RestoreShower {
  readonly #options: RestoreOptions
  readonly #landsIn: ByteString
  readonly #names = new OwnerNames()

  /** `landsIn` is the directory of this machine where `options.path` comes to lie. */
  constructor(options: RestoreOptions, landsIn: ByteString) {
    this.#options = options
    this.#landsIn = landsIn
  }

  async show({ path, action, kind, bytes, entry, existing, owner }: RestoreItem): Promise<PreviewItem> {
    const inPoint = this.#inPoint(path)
    const names = this.#names
    return {
      path: inPoint,
      shownPath: shownBytes(path),
      action,
      kind,
      bytes,
      after: entry === undefined ? undefined : showRestored(inPoint, entry, { ...owner, names }),
      before: existing === undefined ? undefined : showFound(await found(path, existing), names),
    }
  }

  showFailure(path: ByteString, { message }: TidemarkError): PreviewItem {
    const where = { path: this.#inPoint(path), shownPath: shownBytes(path) }
    const nothing = { kind: 'unknown', bytes: 0, after: undefined, before: undefined }
    return { ...where, action: 'fail', problem: shownText(message), ...nothing }
  }

  #inPoint(path: ByteString): ByteString {
    const relative = path.slice(this.#landsIn === '/' ? 1 : this.#landsIn.length + 1) as ByteString
    return relative === '' ? this.#options.path : joinPath(this.#options.path, relative)
  }
}

async function found(path: ByteString, status: FoundHere['status']): Promise<FoundHere> {
  if (status.kind !== 'symlink') return { path, status, target: undefined }
  // What has changed since it was looked at is shown without.
  const target = await readlink(bytesOf(path), 'buffer').then(byteString, () => undefined)
  return { path, status, target }
}
