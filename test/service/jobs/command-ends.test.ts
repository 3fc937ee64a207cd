import { closeSync, existsSync, readdirSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { CommandEnds } from '../../../src/service/jobs/command-ends.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

function written(ends: CommandEnds, run: string, text: string): void {
  const descriptor = ends.open(run) ?? -1
  writeSync(descriptor, text)
  closeSync(descriptor)
}

test('what a command wrote as it ended is found by its run, and gone once it is forgotten', () => {
  const ends = new CommandEnds(temporaryMemoryFolder(), systemClock)
  expect(ends.read('7-1')).toBeUndefined()
  written(ends, '7-1', '{"type":"summary","errors":0}\n{"type":"end","exitCode":3}\n')
  expect(ends.read('7-1')).toEqual({ exitCode: 3, events: [{ type: 'summary', errors: 0 }] })
  expect(ends.read('7-2')).toBeUndefined()
  ends.forget('7-1')
  expect(ends.read('7-1')).toBeUndefined()
  ends.forget('7-1')
})

test.each([
  '',
  '{"type":"summary"}\n',
  '{"type":"end"',
  '{"type":"end","exitCode":"0"}',
  '{"type":"end","exitCode":0.5}',
])('what is torn or no end (%j) says nothing', (text) => {
  const ends = new CommandEnds(temporaryMemoryFolder(), systemClock)
  written(ends, '7-1', text)
  expect(ends.read('7-1')).toBeUndefined()
})

test('a process of an earlier store that writes late does not speak for another run of the same name', () => {
  const ends = new CommandEnds(temporaryMemoryFolder(), systemClock)
  const late = ends.open('1-1') ?? -1
  const own = ends.open('1-1') ?? -1
  writeSync(late, '{"type":"end","exitCode":0}\n')
  expect(ends.read('1-1')).toBeUndefined()
  for (const descriptor of [late, own]) closeSync(descriptor)
})

test('where no file can be made, or what lies there is none of ours, a command has no end that is kept', () => {
  const folder = temporaryMemoryFolder()
  writeFileSync(join(folder, 'ends'), '')
  const ends = new CommandEnds(folder, systemClock)
  expect([ends.open('1-1'), ends.read('1-1')]).toEqual([undefined, undefined])
  ends.forget('1-1')
  const other = temporaryMemoryFolder()
  const large = new CommandEnds(other, systemClock)
  written(large, '1-1', '')
  writeFileSync(join(other, 'ends', '1-1.end'), Buffer.alloc(5 << 20, ' '))
  expect(large.read('1-1')).toBeUndefined()
  expect(readdirSync(join(other, 'ends'))).toEqual(['1-1.end'])
  expect(existsSync(join(folder, 'ends', '1-1.end'))).toBe(false)
})

test('what nobody ever asked for is removed when it is older than any run, by the next one that begins', () => {
  const folder = temporaryMemoryFolder()
  const nowMs = 1_700_000_000_000
  const ends = new CommandEnds(folder, { ...systemClock, nowMs: () => nowMs })
  for (const days of [89, 91]) {
    written(ends, `${days}-1`, '')
    const time = new Date(nowMs - days * 24 * 3_600_000)
    utimesSync(join(folder, 'ends', `${days}-1.end`), time, time)
  }
  written(ends, '1-1', '')
  expect(readdirSync(join(folder, 'ends')).toSorted()).toEqual(['1-1.end', '89-1.end'])
})
