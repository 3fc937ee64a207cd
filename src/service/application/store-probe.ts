import { formatBytes } from '../../base/format.ts'
import type { Randomness } from '../../base/random.ts'
import { objectIdOf } from '../../crypto/blake3.ts'
import type { Driver } from '../../storage/driver.ts'
import { PROBE_MEANINGS } from '../../storage/probe-meanings.ts'
import { type ProbeCheck, type ProbeReport, probeStore } from '../../storage/probe.ts'
import type { ProbeData } from './shown.ts'

export interface StoreProbeOptions {
  readonly randomness: Randomness
  readonly signal: AbortSignal
  /** Told of all that was found out. */
  readonly onReport: (report: ProbeReport) => Promise<void>
}

/** Yields each thing that a store was asked, as soon as it has answered. The driver stays the caller's. */
export async function* probeInSteps(
  driver: Driver,
  { randomness, signal, onReport }: StoreProbeOptions,
): AsyncGenerator<ProbeData> {
  const answered: ProbeData[] = []
  let wake = (): void => undefined
  const stopping = new AbortController()
  const probing = probeStore(driver, {
    randomness,
    idOf: objectIdOf,
    signal: AbortSignal.any([signal, stopping.signal]),
    onResult: (check, isProven) => {
      answered.push(answerOf(check, isProven))
      wake()
    },
  })
  let isOver = false
  const over = (): void => {
    isOver = true
    wake()
  }
  probing.then(over, over)
  try {
    for (;;) {
      const next = answered.shift()
      if (next !== undefined) yield next
      else if (isOver) break
      else await new Promise<void>((resolve) => (wake = resolve))
    }
    const report = await probing
    yield* figuresOf(report)
    await onReport(report)
  } finally {
    // Whoever stops listening must not leave it at work on a store that is closed then.
    stopping.abort()
    await probing.catch(() => undefined)
  }
}

function answerOf(check: ProbeCheck, isProven: boolean): ProbeData {
  const { title, otherwise, isVital } = PROBE_MEANINGS[check]
  if (isProven) return { name: title, answer: 'yes', state: 'good' }
  return { name: title, answer: `no: ${otherwise}`, state: isVital ? 'bad' : 'warning' }
}

function* figuresOf({ latencyMs, uploadRate, downloadRate, speedupAtOnce, space }: ProbeReport): Generator<ProbeData> {
  yield { name: 'answers within', answer: `${latencyMs.toFixed(1)} ms`, state: 'good' }
  yield { name: 'takes', answer: `${formatBytes(uploadRate)}/s`, state: 'good' }
  yield { name: 'gives', answer: `${formatBytes(downloadRate)}/s`, state: 'good' }
  yield { name: 'eight puts at once', answer: `${speedupAtOnce.toFixed(1)} times as fast`, state: 'good' }
  const room = space === undefined ? 'it does not tell' : `${formatBytes(space.free)} of ${formatBytes(space.total)}`
  yield { name: 'room', answer: room, state: 'good' }
}
