import type { InstanceId } from '../../base/ids.ts'
import { COMMAND_KIND, type CommandMessage, encodeCommandMessage } from './command-message.ts'
import type { NewJob } from './job.ts'

/** Commands that somebody may ask a daemon for. */
export const ASKED_COMMANDS = ['backup', 'check', 'copy', 'forget', 'prove', 'prune', 'restore', 'undo'] as const
/** Those that write elsewhere than into a repository. */
const WRITING: readonly string[] = ['restore', 'undo']

/** The kind of jobs of a daemon that are not begun again by themselves. */
export const ONCE_KIND = 'once'
/** What a daemon runs. */
export const DAEMON_KINDS = [COMMAND_KIND, ONCE_KIND] as const

/** A command of this program that somebody wants run. */
export interface AskedCommand {
  /** The command and its options, without `--json`. */
  readonly words: readonly string[]
  /** The repository that it is about: its name, or its location. */
  readonly repository: string
  /** What it reads on standard input. */
  readonly input?: string | undefined
}

/** Returns the message of the job that runs a command. */
export function messageOf({ words, repository, input }: AskedCommand): CommandMessage {
  const [command = '', ...rest] = words
  const line = [command, '--json', `--repository=${repository}`, ...rest]
  return { words: line, ...(input === undefined ? {} : { input }) }
}

/** Returns the job by which a daemon runs a command that somebody asked for. */
export function askedJob(asked: AskedCommand, instance: InstanceId): NewJob {
  const message = encodeCommandMessage(messageOf(asked))
  const isOnce = WRITING.includes(asked.words[0] ?? '')
  const common = { instance, message, priority: 1 }
  return isOnce ? { ...common, kind: ONCE_KIND, retriesMax: 0 } : { ...common, kind: COMMAND_KIND }
}
