import { join } from 'node:path'

import { systemClock } from '../../src/base/clock.ts'
import { type AccessEntry, startControl } from '../../src/service/control/server.ts'
import { KeyAgent } from '../../src/service/keys/key-agent.ts'
import { StoredDaemon } from './stored-daemon.ts'
import { temporaryMemoryFolder } from './temporary-folder.ts'

export interface TestControl extends AsyncDisposable {
  readonly path: string
  readonly stored: StoredDaemon
  readonly keys: KeyAgent
  readonly accesses: AccessEntry[]
  readonly faults: unknown[]
  /** Ends the server; what lies below stays. */
  stop(): Promise<void>
}

export const UID = process.getuid?.() ?? 0

/** Starts a control server over stores of its own. */
export async function startTestControl(folder = temporaryMemoryFolder()): Promise<TestControl> {
  const path = join(folder, 'control', 'control.sock')
  const stored = new StoredDaemon(folder)
  const keys = new KeyAgent()
  const [accesses, faults]: [AccessEntry[], unknown[]] = [[], []]
  const server = await startControl(
    {
      ...{ daemon: stored.daemon, keys, clock: systemClock, uid: UID },
      onAccess: (entry) => accesses.push(entry),
      onFault: (fault) => faults.push(fault),
    },
    path,
  )
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => (stopped ??= Promise.resolve(server[Symbol.asyncDispose]()))
  return {
    ...{ path, stored, keys, accesses, faults, stop },
    [Symbol.asyncDispose]: async () => {
      await stop()
      await stored[Symbol.asyncDispose]()
      keys[Symbol.dispose]()
    },
  }
}
