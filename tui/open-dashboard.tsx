import { render } from 'ink'

import type { Clock } from '../src/base/clock.ts'
import type { Application, Topic } from '../src/service/application/port.ts'
import { App } from './app.tsx'
import { EffectRunner } from './state/effect-runner.ts'
import type { Size } from './state/event.ts'
import { initialState } from './state/initial-state.ts'
import { Store } from './state/store.ts'
import type { ThemeOptions } from './theme/theme.ts'

const TICK_MS = 1000
/** While a window is being dragged its size changes many times a second. */
const RESIZE_QUIET_MS = 40
const ERASE_ALL = '\u001b[2J\u001b[H'
/** Of a terminal that does not say how large it is. */
const UNKNOWN_SIZE: Size = { columns: 80, rows: 24 }

/** A terminal: where keys come from and frames go to. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

export interface DashboardOptions {
  readonly theme: ThemeOptions
  readonly clock: Clock
  /** The folder of the user: an absolute path. */
  readonly home: string
  /** No repository is configured, which is known before `open` resolves. */
  readonly hasNothing: boolean
  /** Frames as running text for those who hear them. */
  readonly isScreenReader: boolean
  /** Ends the dashboard, as a signal does; the terminal is restored. */
  readonly signal: AbortSignal
}

/**
 * Shows the dashboard until it is left; the terminal is then as it was before, also when this rejects.
 *
 * The first frame does not wait for `open`, whose application is disposed of at the end. The caller owns the streams.
 * @throws what `open` rejects with, and whatever is no expected failure: a bug of a screen or of the application.
 */
export async function openDashboard(
  open: () => Promise<Application>,
  streams: Streams,
  { theme, clock, home, hasNothing, isScreenReader, signal }: DashboardOptions,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    instance.unmount()
  }
  const opened = Promise.withResolvers<Application>()
  const runner = new EffectRunner({
    application: opened.promise,
    clock,
    dispatch: (event) => store.dispatch(event),
    quit: () => instance.unmount(),
    repaint: () => paintAnew(),
    onBug: fail,
  })
  const beginning = { size: sizeOf(streams.stdout), nowMs: clock.nowMs(), home, theme, hasNothing }
  const store = new Store(initialState(beginning), runner.run)
  const instance = render(<App store={store} />, {
    ...streams,
    exitOnCtrlC: false,
    patchConsole: false,
    incrementalRendering: true,
    alternateScreen: true,
    interactive: true,
    isScreenReaderEnabled: isScreenReader,
  })
  const paintAnew = (): void => {
    // Where a terminal leaves its lines when its size changes is its own affair: nothing on it is relied upon.
    streams.stdout.write(ERASE_ALL)
    instance.clear()
    store.dispatch({ kind: 'resize', size: sizeOf(streams.stdout) })
  }
  await using ends = new AsyncDisposableStack()
  ends.defer(watchSize(streams.stdout, paintAnew))
  ends.defer(() => runner.close())
  const ticking = setInterval(() => store.dispatch({ kind: 'tick', nowMs: clock.nowMs() }), TICK_MS)
  ends.defer(() => clearInterval(ticking))
  const onAbort = (): void => instance.unmount()
  signal.addEventListener('abort', onAbort)
  ends.defer(() => signal.removeEventListener('abort', onAbort))
  if (signal.aborted) onAbort()

  const application = open()
  ends.defer(async () => {
    // That it could not be opened has been told.
    await application.then(
      (open) => open[Symbol.asyncDispose](),
      () => undefined,
    )
  })
  application
    .then((open) => {
      const onTopic = (topic: Topic): void => {
        if (topic === 'daemon') store.dispatch({ kind: 'host', host: open.host })
        store.dispatch({ kind: 'changed', topic })
      }
      ends.defer(open.subscribe(onTopic))
      opened.resolve(open)
      store.dispatch({ kind: 'started', application: open })
    }, fail)
    .catch(fail)
  await instance.waitUntilExit()
  if (failure !== undefined) throw failure.error
}

/** Has whoever paints the terminal anew do so when its size has changed; returns what ends that. */
function watchSize(stdout: NodeJS.WriteStream, paintAnew: () => void): () => void {
  let resizing: NodeJS.Timeout | undefined
  const onResize = (): void => {
    clearTimeout(resizing)
    resizing = setTimeout(paintAnew, RESIZE_QUIET_MS)
  }
  stdout.on('resize', onResize)
  return () => {
    clearTimeout(resizing)
    stdout.off('resize', onResize)
  }
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  const { columns, rows } = stdout
  return columns > 0 && rows > 0 ? { columns, rows } : UNKNOWN_SIZE
}
