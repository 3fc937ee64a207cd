import { Box, Text, useInput, usePaste } from 'ink'
import { type ReactNode, useSyncExternalStore } from 'react'

import { Frame } from './components/frame.tsx'
import { OverlayView } from './components/overlay-view.tsx'
import { keysOf } from './keymap/key.ts'
import { VIEWS } from './screens/views.tsx'
import type { ViewProps } from './screens/view-props.ts'
import type { Size } from './state/event.ts'
import { SCREEN_NAMES } from './state/screen-name.ts'
import { keysOfScreen, titleOf } from './state/screen-step.ts'
import { bodyRows, isLargeEnough, SIZE_NEEDED } from './state/shared.ts'
import type { State } from './state/state.ts'
import type { Store } from './state/store.ts'
import { type Theme, ThemeContext } from './theme/theme.ts'

export interface AppProps {
  readonly store: Store
  readonly theme: Theme
}

/** The dashboard: the state as elements, keys as events. */
export function App({ store, theme }: AppProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.current)
  useInput((input, pressed) => {
    for (const key of keysOf(input, pressed)) store.dispatch({ kind: 'key', key })
  })
  usePaste((text) => store.dispatch({ kind: 'paste', text }))
  const { size } = state.shared
  return (
    <ThemeContext value={theme}>
      {isLargeEnough(size) ? <Dashboard state={state} /> : <TooSmall size={size} />}
    </ThemeContext>
  )
}

function Dashboard({ state }: { readonly state: State }): ReactNode {
  const { shared, overlay, message } = state
  const room = { columns: shared.size.columns, rows: bodyRows(shared) }
  const keys = overlay === undefined ? keysOfScreen(state) : undefined
  return (
    <Frame title={tabs(state)} place={shared.repository ?? ''} size={shared.size} message={message} keys={keys}>
      {overlay === undefined ? (
        <Shown state={state} {...room} />
      ) : (
        <OverlayView state={state} overlay={overlay} {...room} />
      )}
    </Frame>
  )
}

function Shown({ state, columns, rows }: { readonly state: State; readonly columns: number; readonly rows: number }) {
  // Each screen is given its own state and no other.
  const View = VIEWS[state.screen] as (props: ViewProps<unknown>) => ReactNode
  return <View state={state.screens[state.screen]} shared={state.shared} columns={columns} rows={rows} />
}

/** Returns all screens with their digits; the one that is shown in brackets. */
function tabs(state: State): string {
  return SCREEN_NAMES.map((name, index) => {
    const title = `${index + 1} ${titleOf(name)}`
    return name === state.screen ? `[${title}]` : ` ${title} `
  }).join('')
}

function TooSmall({ size }: { readonly size: Size }): ReactNode {
  return (
    <Box width={size.columns} height={size.rows} flexDirection="column">
      <Text wrap="wrap">
        Tidemark needs a terminal of {SIZE_NEEDED}; this one is {size.columns}x{size.rows}. Make it larger, or press q.
      </Text>
    </Box>
  )
}
