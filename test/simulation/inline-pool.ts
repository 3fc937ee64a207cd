import { type MessagePort } from 'node:worker_threads'
import { createBackupMember } from '../../src/engine/backup/backup-member.ts'
import { Team, WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import type { TeamKind, TeamMember } from '../../src/engine/workers/team-protocol.ts'

/** A pool whose only member works on the thread that gives it jobs: nothing happens at a time that nobody chose. */
export class InlinePool extends WorkerPool {
  readonly #ports: MessagePort[] = []

  constructor() {
    super({ threads: 0 })
  }

  override async open(
    kind: TeamKind,
    setup: () => { readonly setup: unknown },
    tell: (message: unknown) => void = () => undefined,
  ): Promise<Team> {
    if (kind !== 'backup') throw new Error(`a simulated process has no team for ${kind}`)
    const { setup: own } = setup()
    this.#ports.push((own as { growth: MessagePort }).growth)
    const member: TeamMember = createBackupMember(own, tell)
    const run = async (body: unknown): Promise<unknown> => member.handle(body).result
    return new Team({
      id: 1,
      submit: run,
      submitToAll: async (body) => [await run(body)],
      leave: () => this.end(),
      tell,
    })
  }

  override warm(): void {
    // There are no threads to start.
  }

  /** Lets go what a process that crashed held. */
  end(): void {
    for (const port of this.#ports.splice(0)) port.close()
  }
}
