import { openPointView } from '../../src/engine/point-view.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import { openWithKeys, type Repository } from '../../src/repository/repository.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { testPorts } from '../support/test-machine.ts'
import type { Model, ModelPoint } from './model.ts'

export interface Verification {
  readonly driver: Driver
  readonly keys: OpenedKeys
  readonly model: Model
  /** Which points must be whole. */
  readonly required: readonly ModelPoint[]
}

/** Returns what is not as it must be, by the ordinary reader, on a machine that knows nothing yet. */
export async function verify({ driver, keys, model, required }: Verification): Promise<string[]> {
  const repository = await openWithKeys(keys, testPorts(driver))
  try {
    const chain = await repository.chain()
    const byObject = new Map(chain.records.map((point) => [point.object, point]))
    const problems: string[] = []
    for (const expected of required) {
      const info = byObject.get(expected.object)
      const problem = info === undefined ? 'is not there' : await compare(repository, info, { model, expected })
      if (problem !== undefined) problems.push(`points/${expected.object.slice(0, 8)} of ${expected.writer} ${problem}`)
    }
    return problems
  } finally {
    // Its keys are the caller's; only what it loaded goes.
    repository.releaseIndex()
  }
}

async function compare(
  repository: Repository,
  { record }: PointInfo,
  { model, expected }: { model: Model; expected: ModelPoint },
): Promise<string | undefined> {
  const files = new Map(expected.filesOf(record.point))
  try {
    const view = openPointView(await repository.blobs(), record.parts)
    for await (const { path, entry } of view.walk('' as never, view.root)) {
      if (entry.kind !== 'file') continue
      const name = path.startsWith('/') ? path : `/${path}`
      const content = files.get(name)
      if (content === undefined) return `has a file ${name} that nobody put there`
      files.delete(name)
      const pieces: Uint8Array[] = []
      for await (const piece of view.content(entry)) pieces.push(piece)
      if (Buffer.compare(Buffer.concat(pieces), model.content(content)) !== 0) return `has other bytes in ${name}`
    }
  } catch (error) {
    return `cannot be restored: ${error instanceof Error ? error.message : String(error)}`
  }
  return files.size === 0 ? undefined : `lacks ${[...files.keys()].join(', ')}`
}
