import { expect, test } from 'vitest'

import { eventText, readyText } from '../../src/cli/plan-format.ts'

test('a daemon whose configuration is wrong says what is in force, if anything', () => {
  const file = '/home/ada/config.yaml'
  expect(readyText({ file, plans: 2, isMistaken: false })).toBe(`The daemon runs with 2 plans of ${file}.`)
  expect(readyText({ file, plans: 2, isMistaken: true })).toMatch(/is wrong\. .* in force before: 2 plans\.$/)
  expect(readyText({ file, plans: 0, isMistaken: true })).toMatch(/is wrong\. No plan is in force/)
})

test('an event is said to start the plans that are not paused', () => {
  expect(eventText('go', [], [])).toBe('No plan waits for "go".')
  expect(eventText('go', ['a', 'b'], [])).toBe('"go" starts a, b.')
  const paused = 'b is paused: it begins once `tidemark plan resume b` lets it go on.'
  expect(eventText('go', ['a', 'b'], ['b'])).toBe(`"go" starts a.\n${paused}`)
  expect(eventText('go', ['b'], ['b'])).toBe(paused)
})
