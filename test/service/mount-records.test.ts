import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type MountRecord, noteMount, readMountRecords } from '../../src/service/mount-records.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('what a mount shows is known until it ends, and files that say nothing of the kind are passed over', () => {
  const state = temporaryFolder()
  expect(readMountRecords(state).size).toBe(0)
  const process = { pid: 7, started: 'boot/9' }
  const record = { mountPoint: '/mnt/a', repository: 'home', point: undefined, sinceMs: 5, process }
  const forget = noteMount(state, record)
  noteMount(state, { ...record, mountPoint: '/mnt/b', point: 'uuid' })
  expect(readdirSync(join(state, 'mounts'))).toHaveLength(2)
  for (const [i, text] of ['', '{', 'null', '[]', '{"mountPoint":5}'].entries()) {
    writeFileSync(join(state, 'mounts', `${'f'.repeat(31)}${i}.json`), text)
  }
  expect(readMountRecords(state)).toEqual(
    new Map<string, MountRecord>([
      ['/mnt/a', record],
      ['/mnt/b', { ...record, mountPoint: '/mnt/b', point: 'uuid' }],
    ]),
  )
  // An earlier version noted no process, and anybody may write there.
  for (const noted of [undefined, { pid: -1, started: '' }, { pid: 1e300, started: '' }, { pid: 7 }, 'x']) {
    noteMount(state, { ...record, mountPoint: '/mnt/c', process: noted as typeof process })
    expect(readMountRecords(state).get('/mnt/c')).toMatchObject({ repository: 'home', process: undefined })
  }
  forget()
  forget()
  expect([...readMountRecords(state).keys()]).not.toContain('/mnt/a')
})
