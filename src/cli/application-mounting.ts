import { rmdir } from 'node:fs/promises'

import { resolveMountPoint } from '../../fuse/transports/kernel/mounts.ts'
import { endOtherMount } from '../../fuse/transports/kernel/unmount.ts'
import { MountError } from '../base/errors.ts'
import { wipe } from '../crypto/secret.ts'
import { formatRecoveryCode } from '../format/recovery-code.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import type { Mounting } from '../service/application/mount-desk.ts'
import type { CliContext } from './context.ts'
import { pathVariables } from './environment.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { makeMountPoint, mountLog } from './mount-place.ts'
import { Output, type OutputStream } from './output.ts'
import type { SecretVariables } from './secret-variables.ts'
import { startInBackground } from './start-background.ts'

/**
 * Mounts as `tidemark mount --background` does; what that says is told as an error where it fails. A folder that is not there
 * is made first: whoever asks has seen its name and cannot leave to make it.
 */
export function applicationMounting(context: CliContext): Mounting {
  return {
    mount: async ({ repository, point, directory, secret }) => {
      const said: string[] = []
      const words = [
        'mount',
        `--repository=${repository}`,
        '--detached',
        ...(point === undefined ? [] : [`--point=${point}`]),
        '--',
        directory,
      ]
      let isMade = false
      let isMounted = false
      try {
        isMade = await makeMountPoint(directory)
        const starting = {
          ...context,
          output: outputInto(said),
          secrets: { ...context.secrets, ...(secret === undefined ? {} : asked(context, secret)) },
        }
        const log = mountLog(context, directory)
        const exitCode = await startInBackground(starting, { words, log, environment: pathVariables(context.paths) })
        if (exitCode !== EXIT_DONE) throw notMounted(directory, said)
        isMounted = true
      } finally {
        // Left as it is when something is in it, or over it: then it is in use.
        if (isMade && !isMounted) await rmdir(directory).catch(() => undefined)
        if (secret !== undefined) wipe(secret.bytes)
      }
    },
    unmount: async (mountPoint) => {
      await endOtherMount({ mountPoint: await resolveMountPoint(mountPoint), searchPath: process.env['PATH'] ?? '' })
    },
  }
}

/** How the process in the background comes by the secret: it asks, and is answered through its socket. */
function asked(
  { secrets }: CliContext,
  { kind, bytes }: SlotSecret,
): Pick<CliContext['secrets'], 'variables' | 'interactive' | 'ask'> {
  const variables: SecretVariables = {
    ...secrets.variables,
    ...{ password: undefined, passwordFile: undefined, passwordCommand: undefined },
    keyFile: kind === 'key-file' ? secrets.variables.keyFile : undefined,
    recoveryCode: kind === 'recovery-code' ? formatRecoveryCode(bytes) : undefined,
  }
  return { variables, interactive: true, ask: async () => Uint8Array.from(bytes) }
}

/** Returns an output that keeps what is said from the terminal. */
export function outputInto(said: string[]): Output {
  const stream: OutputStream = {
    write: (text, done) => {
      said.push(Buffer.from(text).toString('utf8').trimEnd())
      done?.()
      return true
    },
    on: () => undefined,
  }
  return new Output({ stdout: stream, stderr: stream, json: false, quiet: false, verbose: false, progress: false })
}

function notMounted(directory: string, said: readonly string[]): MountError {
  const lines = said.flatMap((each) => each.split('\n'))
  const message = lines.findLast((line) => line.startsWith('tidemark: '))?.slice('tidemark: '.length)
  const hint = lines.findLast((line) => line.startsWith('hint: '))?.slice('hint: '.length)
  return new MountError('MOUNT_UNAVAILABLE', message ?? `${directory} could not be mounted`, {
    context: { path: directory },
    ...(hint === undefined ? {} : { hint }),
  })
}
