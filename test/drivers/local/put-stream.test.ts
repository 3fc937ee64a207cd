import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { concatBytes, utf8 } from '../../../src/base/bytes.ts'
import { freshName, listAll } from '../../support/objects.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function* piecesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield utf8(text)
}

const filesOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))

describe('an object that comes piece by piece', () => {
  test('is stored whole, under the name that is known once all of it came', async () => {
    await using driver = await openLocalDriver({ root: temporaryFolder() })
    const name = freshName()
    const seen: string[] = []
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (const text of ['one', '', 'two', 'three']) {
        seen.push(text)
        yield utf8(text)
      }
    }
    await driver.putStream(body(), () => {
      expect(seen).toHaveLength(4)
      return name
    })
    expect(await driver.get(name)).toEqual(concatBytes(...['one', 'two', 'three'].map(utf8)))
  })

  test('may be empty', async () => {
    await using driver = await openLocalDriver({ root: temporaryFolder() })
    const name = freshName('runs')
    await driver.putStream(piecesOf(), () => name)
    expect(await listAll(driver, 'runs')).toEqual([{ name, bytes: 0 }])
  })

  test('under a taken name is EXISTS, and the stored bytes stay', async () => {
    const root = temporaryFolder()
    await using driver = await openLocalDriver({ root })
    const name = freshName()
    await driver.put(name, [utf8('first')])
    await expect(driver.putStream(piecesOf('second'), () => name)).rejects.toMatchObject({ code: 'EXISTS' })
    expect(await driver.get(name)).toEqual(utf8('first'))
    expect(filesOf(root)).toEqual([name.id])
  })

  test('leaves nothing when the name is refused, or the body breaks off, and tells why', async () => {
    const root = temporaryFolder()
    await using driver = await openLocalDriver({ root })
    const refused = new Error('not by that name')
    const nameless = driver.putStream(piecesOf('x'), () => {
      throw refused
    })
    await expect(nameless).rejects.toBe(refused)
    const broken = new Error('no more')
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8('x')
      expect(readdirSync(join(root, 'tmp'))).toHaveLength(1)
      throw broken
    }
    await expect(driver.putStream(body(), () => freshName())).rejects.toBe(broken)
    expect(filesOf(root)).toEqual([])
  })

  test('stops with the reason of its signal, and leaves nothing', async () => {
    const root = temporaryFolder()
    await using driver = await openLocalDriver({ root })
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8('x')
      controller.abort(reason)
      yield utf8('y')
    }
    await expect(driver.putStream(body(), () => freshName(), controller.signal)).rejects.toBe(reason)
    expect(filesOf(root)).toEqual([])
  })
})
