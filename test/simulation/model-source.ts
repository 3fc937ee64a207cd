import { byteStringOf } from '../../src/base/byte-string.ts'
import { Run } from '../../src/engine/run/run.ts'
import type { Source } from '../../src/engine/source.ts'
import type { Files, Model } from './model.ts'

/** An application that lists what changed since the point that the run goes on from. */
export function modelSource(model: Model, files: Files): Source {
  return {
    kind: 'simulated',
    identity: ['files'],
    labels: [byteStringOf('files')],
    read: async (run) => {
      if (!(run instanceof Run)) throw new Error('a source is given the run itself')
      const { parent } = await run.opened
      const before =
        parent === undefined ? new Map<string, number>() : model.points.get(parent.object)?.filesOf(parent.record.point)
      if (before === undefined) throw new Error('the parent is a point that nobody made')
      await run.pass('files', { kind: 'changes', changes: model.changes(before, files) })
    },
  }
}
