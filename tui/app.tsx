import { Box, Text, useInput, usePaste } from 'ink'
import { type ReactNode, useSyncExternalStore } from 'react'

import { Frame } from './components/frame.tsx'
import { OverlayView } from './components/overlay-view.tsx'
import { keysOf } from './keymap/key.ts'
import { VIEWS } from './screens/views.tsx'
import type { ViewProps } from './screens/view-props.ts'
import type { Size } from './state/event.ts'
import { SCREEN_NAMES } from './state/screen-name.ts'
import { isTyping, keysOfScreen, titleOf } from './state/screen-step.ts'
import { bodyRows, isLargeEnough, SIZE_NEEDED } from './state/shared.ts'
import type { State } from './state/state.ts'
import type { Store } from './state/store.ts'
import { ThemeContext, themeOf } from './theme/theme.ts'

export interface AppProps {
  readonly store: Store
}

/** The dashboard: the state as elements, keys as events. */
export function App({ store }: AppProps): ReactNode {
  const state = useSyncExternalStore(store.subscribe, store.current)
  useInput((input, pressed) => {
    for (const key of keysOf(input, pressed)) store.dispatch({ kind: 'key', key })
  })
  usePaste((text) => store.dispatch({ kind: 'paste', text }))
  const { size, settings } = state.shared
  return (
    <ThemeContext value={themeOf(settings.theme)}>
      {isLargeEnough(size) ? <Dashboard state={state} /> : <TooSmall size={size} />}
    </ThemeContext>
  )
}

function Dashboard({ state }: { readonly state: State }): ReactNode {
  const { shared, overlay, message } = state
  const room = { columns: shared.size.columns, rows: bodyRows(shared) }
  const keys = overlay === undefined ? keysOfScreen(state) : undefined
  return (
    <Frame
      title={tabs(state)}
      place={shared.repository ?? ''}
      size={shared.size}
      message={message}
      keys={keys}
      hasSharedKeys={!isTyping(state)}
    >
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

/** What all titles and the name of a repository take. */
const TABS_COLUMNS = 110

/** Returns all screens with their digits; the one that is shown in brackets. */
function tabs(state: State): string {
  const titles = SCREEN_NAMES.map((name) => titleOf(name))
  const isNarrow = state.shared.size.columns < TABS_COLUMNS
  const tabs = titles.map((title, index) => {
    if (SCREEN_NAMES[index] === state.screen) return `[${index + 1} ${title}]`
    return ` ${index + 1} ${isNarrow ? title.slice(0, 4) : title} `
  })
  const numbered = (isNarrow ? tabs.map((tab) => tab.trimEnd()) : tabs).join('')
  return SCREEN_NAMES.some((name) => name === state.screen) ? numbered : `[${titleOf(state.screen)}]${numbered}`
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
