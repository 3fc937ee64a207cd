import { EventEmitter } from 'node:events'
import { Output, type OutputOptions, type OutputStream } from '../../src/cli/output.ts'

/** What is written is kept. */
class KeptStream extends EventEmitter implements OutputStream {
  text = ''

  write(text: string | Uint8Array, done?: () => void): boolean {
    this.text += String(text)
    done?.()
    return true
  }
}

/** Returns what a command says things to, and the texts that it has said. */
export function keptOutput(flags: Partial<Pick<OutputOptions, 'json' | 'quiet' | 'verbose' | 'progress'>> = {}): {
  readonly output: Output
  readonly stdout: { readonly text: string }
  readonly stderr: { readonly text: string }
} {
  const [stdout, stderr] = [new KeptStream(), new KeptStream()]
  const options = { json: false, quiet: false, verbose: false, progress: true, ...flags }
  return { output: new Output({ stdout, stderr, ...options }), stdout, stderr }
}
