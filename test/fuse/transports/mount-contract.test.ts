import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { tidemarkMounts } from '../../../fuse/transports/kernel/mounts.ts'
import { describeMountContract } from '../../contract/mount-contract.ts'
import { ContractRepository } from '../../support/contract-repository.ts'

const isPossible = process.platform === 'linux' && process.geteuid?.() === 0

describe.runIf(isPossible)('a repository with one of everything', () => {
  let repository: ContractRepository
  beforeAll(() => {
    repository = new ContractRepository()
  })
  afterAll(() => repository[Symbol.asyncDispose]())

  const mounted = async (transport: 'kernel' | 'native'): Promise<string> => {
    const shown = await repository.mount(transport)
    // The kernel itself refuses what would write.
    expect(tidemarkMounts().find(({ path }) => shown.startsWith(`${path}/`))).toMatchObject({ readOnly: true })
    return shown
  }

  const everything = { readOnly: true, anyNames: true, linkedInodes: true, holes: true, ownAttributes: true }
  describeMountContract('the kernel transport', everything, async () => {
    return { shown: await mounted('kernel'), source: repository.source }
  })
  // libfuse numbers files itself, takes names as text only, and is asked for no holes.
  const native = { ...everything, anyNames: false, linkedInodes: false, holes: false }
  describeMountContract('the native transport', native, async () => {
    return { shown: await mounted('native'), source: repository.source }
  })
  // The control: what the suite expects is what is on a disk.
  const restored = { ...everything, readOnly: false, ownAttributes: false }
  describeMountContract('a restore', restored, async () => {
    return { shown: repository.restore(), source: repository.source }
  })

  test.each(['kernel', 'native'] as const)(
    'users whom the %s transport lets in read what modes let them',
    async (transport) => {
      const shown = await repository.mount(transport, '--allow-other')
      const mount = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((line) => shown.startsWith(`${line.split(' ')[4] ?? ''}/`) && line.includes('fuse.tidemark'))
      expect(mount).toMatch(/ ro,nosuid,nodev,.*default_permissions,allow_other/)
      const mayRead = (user: number, folder: string): boolean => {
        const who = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups']
        return spawnSync('setpriv', [...who, 'cat', join(folder, 'guarded')]).status === 0
      }
      for (const folder of [repository.source, shown]) {
        expect([65_534, 65_533, 65_532].map((user) => mayRead(user, folder))).toEqual([true, false, false])
      }
    },
  )
})
