import { describe, expect, test } from 'vitest'

import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { objectIdOf } from '../../src/crypto/blake3.ts'
import type { Driver, ObjectInfo, ObjectName } from '../../src/storage/driver.ts'
import { type ProbeReport, probeStore } from '../../src/storage/probe.ts'
import { listIds } from '../support/objects.ts'

const options = { randomness: systemRandomness, idOf: objectIdOf, signal: new AbortController().signal }

/** The checks that a store did not pass. */
function failed({ checks }: ProbeReport): string[] {
  return [...checks].filter(([, isProven]) => !isProven).map(([check]) => check)
}

/** A store with methods of its own in place of those of a sound one. */
function spoilt(changes: (inner: MemoryDriver) => Partial<Driver>): Driver {
  const inner = new MemoryDriver()
  const replaced = changes(inner)
  return new Proxy(inner, {
    get: (target, property) => {
      const value: unknown = Reflect.get(property in replaced ? replaced : target, property)
      return typeof value === 'function' ? (value.bind(property in replaced ? replaced : target) as unknown) : value
    },
  })
}

describe('a probe', () => {
  test('finds nothing wrong with a store that keeps the contract, and leaves nothing behind', async () => {
    const driver = new MemoryDriver()
    const report = await probeStore(driver, options)
    expect(failed(report)).toEqual([])
    expect(report.checks.size).toBe(7)
    expect(report.latencyMs).toBeGreaterThan(0)
    expect(report.uploadRate).toBeGreaterThan(0)
    expect(await listIds(driver, 'packs')).toEqual([])
  })

  test('notices a store that overwrites', async () => {
    const driver = spoilt((inner) => ({
      put: async (name: ObjectName, parts: readonly Uint8Array[]) => {
        await inner.remove(name)
        await inner.put(name, parts)
      },
    }))
    expect(failed(await probeStore(driver, options))).toContain('refuses-a-taken-name')
  })

  test('notices a store that gives other ranges than were asked for', async () => {
    const driver = spoilt((inner) => ({ get: async (name: ObjectName) => inner.get(name) }))
    expect(failed(await probeStore(driver, options))).toEqual(['gives-ranges'])
  })

  test('notices a store whose listings lag', async () => {
    const driver = spoilt(() => ({
      list: async function* (): AsyncGenerator<ObjectInfo> {
        // Nothing yet.
      },
    }))
    expect(failed(await probeStore(driver, options))).toEqual(['lists-what-was-just-put'])
  })

  test('notices a store that shortens large objects, and removes what it put', async () => {
    const driver = spoilt((inner) => ({
      put: async (name: ObjectName, parts: readonly Uint8Array[]) =>
        inner.put(name, [Buffer.concat(parts).subarray(0, 1 << 20)]),
    }))
    expect(failed(await probeStore(driver, options))).toEqual(['takes-large-objects'])
    expect(await listIds(driver, 'packs')).toEqual([])
  })
})
