import { parentPort } from 'node:worker_threads'
import { present } from '../../base/assert.ts'
import { encodeError } from './errors.ts'
import type { FromWorker, TeamKind, TeamMember, TeamResult, Tell, ToWorker } from './team-protocol.ts'

const port = present(parentPort, 'the port of a worker thread')
const members = new Map<number, Promise<TeamMember>>()

function post(message: FromWorker, transfer?: TeamResult['transfer']): void {
  port.postMessage(message, transfer)
}

async function join(kind: TeamKind, setup: unknown, tell: Tell): Promise<TeamMember> {
  switch (kind) {
    case 'backup': {
      const { createBackupMember } = await import('../backup/backup-member.ts')
      return createBackupMember(setup, tell)
    }
    case 'restore': {
      const { createRestoreMember } = await import('../restore/restore-member.ts')
      return createRestoreMember(setup)
    }
    case 'check': {
      const { createCheckMember } = await import('../check/check-member.ts')
      return createCheckMember(setup)
    }
  }
}

async function work(team: number, job: number, body: unknown): Promise<void> {
  try {
    const member = await present(members.get(team), 'a team that was joined')
    const { result, transfer } = member.handle(body)
    post({ type: 'done', team, job, result }, transfer)
  } catch (error) {
    post({ type: 'failed', team, job, error: encodeError(error) })
  }
}

async function leave(team: number): Promise<void> {
  const member = members.get(team)
  members.delete(team)
  try {
    const joined = await member
    joined?.close()
  } catch {
    // It never joined: whoever gave it a job was told why.
  }
}

port.on('message', (message: ToWorker) => {
  const { team } = message
  switch (message.type) {
    case 'join': {
      const member = join(message.kind, message.setup, (told) => post({ type: 'tell', team, message: told }))
      members.set(team, member)
      const joined = (): void => post({ type: 'joined' })
      member.then(joined, joined)
      return
    }
    case 'job':
      void work(team, message.job, message.body)
      return
    case 'leave':
      void leave(team)
  }
})
