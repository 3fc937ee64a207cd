import { expect, test } from 'vitest'

import { terminalLooks } from '../../src/cli/terminal-looks.ts'

test.each([
  [{ TERM: 'xterm-256color' }, '256'],
  [{ TERM: 'xterm', COLORTERM: 'truecolor' }, '256'],
  [{ TERM: 'screen' }, '16'],
  [{ TERM: 'xterm-256color', NO_COLOR: '1' }, 'none'],
  [{ TERM: 'xterm-256color', NO_COLOR: '' }, '256'],
  [{ TERM: 'dumb' }, 'none'],
])('a terminal of %o shows colours: %s', (environment, colors) => {
  expect(terminalLooks(environment).theme.colors).toBe(colors)
})

test.each([
  ['0;15', 'light'],
  ['0;default;7', 'light'],
  ['15;0', 'dark'],
  ['15;8', 'dark'],
  [undefined, 'dark'],
])('COLORFGBG %s says that the background is %s', (COLORFGBG, background) => {
  expect(terminalLooks({ COLORFGBG }).theme.background).toBe(background)
})

test('a screen reader is asked for as Ink asks for it', () => {
  expect(terminalLooks({ INK_SCREEN_READER: 'true' }).isScreenReader).toBe(true)
  expect(terminalLooks({}).isScreenReader).toBe(false)
})
