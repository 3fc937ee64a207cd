import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import { type VolumeState, type VolumeWatchOptions, watchVolumes } from '../../../src/service/schedule/watch-volumes.ts'
import { passes } from '../../support/eventually.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function watching(states: Map<string, VolumeState>, options: Partial<VolumeWatchOptions> = {}) {
  const appeared: string[] = []
  let looks = 0
  const watch = await watchVolumes(
    {
      labels: [...states.keys()],
      stateOf: async (label) => {
        looks++
        return states.get(label) ?? 'absent'
      },
      folder: temporaryFolder(),
      quietMs: 10,
      ...options,
    },
    { appeared: (label) => void appeared.push(label) },
  )
  onTestFinished(() => watch[Symbol.dispose]())
  return { appeared, looks: () => looks }
}

test('a volume is told when the system gives its disk a name', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'by-label'))
  const states = new Map<string, VolumeState>([['escapepod', 'absent']])
  const { appeared, looks } = await watching(states, { folder })
  expect(looks()).toBe(1)
  states.set('escapepod', 'mounted')
  symlinkSync('/dev/null', join(folder, 'by-label', 'escapepod'))
  await passes(() => expect(appeared).toEqual(['escapepod']))
})

test('a volume that is attached is told when it is mounted', async () => {
  const states = new Map<string, VolumeState>([['escapepod', 'attached']])
  const { appeared } = await watching(states, { mountingMs: 10 })
  await sleep(50)
  expect(appeared).toEqual([])
  states.set('escapepod', 'mounted')
  await passes(() => expect(appeared).toEqual(['escapepod']))
})

test('where names of disks cannot be watched, volumes are looked for from time to time', async () => {
  const folder = temporaryFolder()
  rmSync(folder, { recursive: true })
  const states = new Map<string, VolumeState>([['escapepod', 'absent']])
  const { appeared } = await watching(states, { folder: join(folder, 'none'), lookMs: 10 })
  states.set('escapepod', 'mounted')
  await passes(() => expect(appeared).toEqual(['escapepod']))
})

test('a volume is told each time that it comes back, and not while it stays; one that is there from the beginning is not', async () => {
  const states = new Map<string, VolumeState>([
    ['escapepod', 'mounted'],
    ['other', 'absent'],
  ])
  const { appeared, looks } = await watching(states, { lookMs: 5 })
  const lookTwice = async (): Promise<void> => {
    const before = looks()
    await passes(() => expect(looks()).toBeGreaterThan(before + 4))
  }
  await lookTwice()
  expect(appeared).toEqual([])
  for (let times = 1; times <= 2; times++) {
    states.set('escapepod', 'absent')
    await lookTwice()
    states.set('escapepod', 'mounted')
    await lookTwice()
    expect(appeared).toHaveLength(times)
  }
})

test('a look that fails counts as no volume, and the next one is made', async () => {
  let fails = true
  const stateOf = async (): Promise<VolumeState> => {
    if (fails) throw new Error('no such program')
    return 'mounted'
  }
  const { appeared } = await watching(new Map([['escapepod', 'absent']]), { stateOf, lookMs: 5 })
  fails = false
  await passes(() => expect(appeared).toEqual(['escapepod']))
})
