import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import {
  createExternalStore,
  type ExternalDriverOptions,
  openExternalDriver,
  type VolumeMemory,
} from '../../../drivers/external/external-driver.ts'
import { parseExternalUrl } from '../../../drivers/external/external-location.ts'
import { findVolumes } from '../../../drivers/external/find-volumes.ts'
import { volumeState } from '../../../drivers/external/volume-state.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { watchVolumes } from '../../../src/service/schedule/watch-volumes.ts'
import { passes } from '../../support/eventually.ts'
import { attachLoopDisk, type LoopDisk } from '../../support/loop-disk.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { refuseTaken } from '../../../src/cli/refuse-taken.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { rootTest } from '../../support/root-test.ts'

function memoryOf(): VolumeMemory & { readonly known: Map<string, string> } {
  const known = new Map<string, string>()
  return {
    known,
    place: 'volumes.json',
    read: async (label) => known.get(label),
    write: async (label, uuid) => void known.set(label, uuid),
  }
}

let disks = 0

function attach(type: 'ext4' | 'btrfs' = 'ext4', label = `tm${process.pid % 10_000}-${disks++}`) {
  const disk = attachLoopDisk(type, label)
  onTestFinished(() => disk[Symbol.dispose]())
  return { disk, label }
}

function optionsFor(disk: LoopDisk, label: string, memory = memoryOf()): ExternalDriverOptions {
  const url = `external:${label}`
  return { url, location: parseExternalUrl(url), memory, diskFolder: disk.diskFolder }
}

describe('the URL of a removable disk', () => {
  test.each([
    ['external:', 'escapepod', 'escapepod'],
    ['external:blue', 'blue', 'escapepod'],
    ['external:blue/', 'blue', 'escapepod'],
    ['external:My Disk/backups/home', 'My Disk', 'backups/home'],
  ])('%s is label %s, folder %s', (url, label, folder) => {
    expect(parseExternalUrl(url)).toEqual({ label, folder })
  })

  test('with a folder that leads out of the disk is refused', () => {
    expect(() => parseExternalUrl('external:blue/../etc')).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
  })
})

describe.each(['ext4', 'btrfs'] as const)('a repository on a disk with %s', (type) => {
  rootTest('lies in a folder of the volume, and is found by its label wherever that is mounted', async () => {
    const { disk, label } = attach(type)
    disk.mount()
    const options = optionsFor(disk, label)
    await createExternalStore(options)
    expect(existsSync(join(disk.mountPoint, 'escapepod'))).toBe(true)
    await using driver = await openExternalDriver(options)
    expect(driver.location).toBe(`external:${label}`)
    const object = freshName()
    await driver.put(object, [utf8('x')])
    disk.detach()
    disk.mount()
    await using again = await openExternalDriver(options)
    expect(await again.get(object)).toEqual(utf8('x'))
  })

  rootTest('that is pulled out keeps what was committed, and says so when it is written to', async () => {
    const { disk, label } = attach(type)
    disk.mount()
    const options = optionsFor(disk, label)
    await createExternalStore(options)
    await using driver = await openExternalDriver(options)
    const kept = freshName()
    await driver.put(kept, [patternBytes(100_000, 1)])
    const torn = freshName()
    const writing = driver.put(torn, [patternBytes(8 << 20, 2)]).catch((error: unknown) => error)
    disk.detach()
    await writing
    const away = { code: 'STORE_UNAVAILABLE', retry: 'transient' }
    await expect(driver.put(freshName(), [utf8('later')])).rejects.toMatchObject(away)
    await expect(listIds(driver, 'packs')).rejects.toMatchObject(away)
    expect(readdirSync(disk.mountPoint)).toEqual([])
    disk.mount()
    await using again = await openExternalDriver(options)
    expect(Buffer.compare(await again.get(kept), patternBytes(100_000, 1))).toBe(0)
    if ((await listIds(again, 'packs')).includes(torn.id)) {
      expect(Buffer.compare(await again.get(torn), patternBytes(8 << 20, 2))).toBe(0)
    }
  })
})

describe('a disk', () => {
  rootTest('with the same label that is another one is refused, and accepted for a new repository', async () => {
    const first = attach()
    first.disk.mount()
    const memory = memoryOf()
    await createExternalStore(optionsFor(first.disk, first.label, memory))
    first.disk.detach()
    const second = attach('ext4', first.label)
    second.disk.mount()
    mkdirSync(join(second.disk.mountPoint, 'escapepod'))
    const options = optionsFor(second.disk, second.label, memory)
    await expect(openExternalDriver(options)).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: expect.stringContaining(second.disk.uuid) as string,
      hint: expect.stringContaining('volumes.json') as string,
    })
    await expect(refuseTaken(() => openExternalDriver(options))).resolves.toBeUndefined()
    await createExternalStore(options)
    expect(memory.known.get(first.label)).toBe(second.disk.uuid)
    await (await openExternalDriver(options))[Symbol.asyncDispose]()
  })

  rootTest('that is attached and not mounted is told with the command that mounts it', async () => {
    const { disk, label } = attach()
    await expect(openExternalDriver(optionsFor(disk, label))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      hint: `Mount it: udisksctl mount -b ${disk.device}`,
    })
  })

  test('that is not attached is told by its label', async () => {
    const url = 'external:no-such-disk'
    const opening = openExternalDriver({
      url,
      location: parseExternalUrl(url),
      memory: memoryOf(),
      diskFolder: '/nowhere',
    })
    await expect(opening).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('no-such-disk') as string,
    })
  })

  rootTest('raises the event of its label when it is mounted, not when it is attached', async () => {
    const { disk, label } = attach()
    const stateOf = (name: string) => volumeState(name, disk.diskFolder)
    expect([await stateOf(label), await stateOf('no-such-disk')]).toEqual(['attached', 'absent'])
    const appeared: string[] = []
    const options = { labels: [label], stateOf, folder: disk.diskFolder, mountingMs: 20 }
    const watch = await watchVolumes(options, { appeared: (name) => void appeared.push(name) })
    onTestFinished(() => watch[Symbol.dispose]())
    disk.mount()
    await passes(() => expect(appeared).toEqual([label]))
    expect(await stateOf(label)).toBe('mounted')
  })

  rootTest('is found by blkid where udev keeps no names', async () => {
    const { disk, label } = attach()
    const { device, uuid } = disk
    expect(await findVolumes(label, '/nowhere')).toEqual([{ device, label, uuid }])
  })

  rootTest('that is full is told as such, keeps what it has, and takes smaller things', async () => {
    const { disk, label } = attach()
    disk.mount()
    const options = optionsFor(disk, label)
    await createExternalStore(options)
    await using driver = await openExternalDriver(options)
    const kept = freshName()
    await driver.put(kept, [utf8('kept')])
    await expect(driver.put(freshName(), [patternBytes(80 << 20, 3)])).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await listIds(driver, 'packs')).toEqual([kept.id])
    await driver.put(freshName(), [utf8('small')])
  })

  rootTest('that is mounted for reading only gives what it has and takes nothing', async () => {
    const { disk, label } = attach()
    disk.mount()
    const options = optionsFor(disk, label)
    await createExternalStore(options)
    const object = freshName()
    const driver = await openExternalDriver(options)
    await driver.put(object, [utf8('x')])
    await driver[Symbol.asyncDispose]()
    disk.detach()
    disk.mount('ro')
    await using readOnly = await openExternalDriver(options)
    expect(await readOnly.get(object)).toEqual(utf8('x'))
    await expect(readOnly.put(freshName(), [utf8('y')])).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
  })
})
