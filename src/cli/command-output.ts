import { spawn } from 'node:child_process'

import { SourceError } from '../base/errors.ts'

/**
 * Runs `command` in a shell and returns what it wrote to standard output; the caller wipes it. It may talk to the user
 * on standard error and the terminal; its standard input is empty, since ours may be what is to be backed up.
 *
 * @throws {SourceError} COMMAND_FAILED: it failed, or wrote more than `bytesMax` bytes. What it wrote is never shown.
 */
export async function commandOutput(
  command: string,
  options: { readonly namedBy: string; readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { namedBy, bytesMax, signal } = options
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const parts: Buffer[] = []
  let bytes = 0
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.byteLength
    if (bytes <= bytesMax) parts.push(part)
    // Whoever writes into the closed pipe ends, also a process that the shell started.
    else child.stdout.destroy()
  })
  const [code, signalName] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (...outcome) => {
      resolve(outcome)
    })
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw failed(namedBy, error instanceof Error ? error.message : String(error))
  })
  const output = new Uint8Array(Buffer.concat(parts))
  for (const part of parts) part.fill(0)
  if (bytes <= bytesMax && code === 0) return output
  output.fill(0)
  if (bytes > bytesMax) throw failed(namedBy, `it wrote more than ${bytesMax} bytes`)
  throw failed(namedBy, signalName === null ? `exit code ${code ?? '?'}` : `ended by ${signalName}`)
}

function failed(namedBy: string, why: string): SourceError {
  return new SourceError('COMMAND_FAILED', `the command in ${namedBy} failed: ${why}`, {
    context: { namedBy },
    hint: 'Run it by hand: it has to print the secret and nothing else.',
  })
}
