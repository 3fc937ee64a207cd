import { describe, expect, test } from 'vitest'

import { PromiseCache } from '../../src/base/promise-cache.ts'

function cacheOf(weightMax: number): PromiseCache<string> {
  return new PromiseCache({ weightMax, weigh: (value) => value.length })
}

describe('a cache of promises', () => {
  test('gives what is being made to all who ask for it meanwhile', async () => {
    const cache = cacheOf(10)
    const { promise, resolve } = Promise.withResolvers<string>()
    const kept = cache.keep('a', promise)
    expect(cache.get('a')).toBe(kept)
    resolve('made')
    expect(await cache.get('a')).toBe('made')
  })

  test('drops what was used longest ago, by weight, and nothing that is still being made', async () => {
    const cache = cacheOf(10)
    const late = cache.keep('late', Promise.withResolvers<string>().promise)
    for (const key of ['a', 'b', 'c']) await cache.keep(key, Promise.resolve('four'))
    expect(['a', 'b', 'c'].filter((key) => cache.has(key))).toEqual(['b', 'c'])
    void cache.get('b')
    await cache.keep('d', Promise.resolve('four'))
    expect(['b', 'c', 'd'].filter((key) => cache.has(key))).toEqual(['b', 'd'])
    expect(cache.get('late')).toBe(late)
  })

  test('does not keep what failed', async () => {
    const cache = cacheOf(10)
    await expect(cache.keep('a', Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(cache.has('a')).toBe(false)
  })
})
