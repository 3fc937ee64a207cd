import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { StorageError } from '../../src/base/errors.ts'
import type { RepositoryId } from '../../src/base/ids.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'

const repository = '00112233445566778899aabbccddeeff' as RepositoryId
const machineKey = new Uint8Array(32).fill(7)
let directory = ''
let warnings: StorageError[] = []

function openCache(
  options: { repository?: RepositoryId; machineKey?: Uint8Array; directory?: string } = {},
): LocalCache {
  return LocalCache.open({ directory, repository, machineKey, onWarning: (w) => warnings.push(w), ...options })
}
const fileOf = (name: string): string => join(directory, repository, name)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-cache-'))
  warnings = []
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

test('what was written is read back by the next process, parts joined', () => {
  openCache().write('base', [utf8('one '), utf8('two')])
  expect(openCache().read('base')).toEqual(utf8('one two'))
  expect(openCache().read('other')).toBeUndefined()
})

test('contents go straight into shared memory of the right length', () => {
  const cache = openCache()
  cache.write('columns', [utf8('12345678')])
  const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8)
  expect(cache.readInto('columns', shared)).toBe(true)
  expect([...shared]).toEqual([...utf8('12345678')])
  expect(cache.readInto('columns', new Uint8Array(7))).toBe(false)
})

test('nothing readable and nothing of others lies on the disk, and only the owner may look', () => {
  openCache().write('secret', [utf8('the quick brown fox')])
  const file = readFileSync(fileOf('secret'))
  expect(file.includes('quick')).toBe(false)
  expect(statSync(fileOf('secret')).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, repository)).mode & 0o777).toBe(0o700)
})

test('the same contents never have the same bytes twice', () => {
  const cache = openCache()
  cache.write('a', [utf8('same')])
  const first = readFileSync(fileOf('a'))
  cache.write('a', [utf8('same')])
  expect(readFileSync(fileOf('a')).equals(first)).toBe(false)
})

test('a file damaged anywhere is absent', () => {
  const cache = openCache()
  cache.write('x', [utf8('contents')])
  const whole = readFileSync(fileOf('x'))
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at]! ^= 1
    writeFileSync(fileOf('x'), damaged)
    expect(cache.read('x')).toBeUndefined()
    writeFileSync(fileOf('x'), whole.subarray(0, at))
    expect(cache.read('x')).toBeUndefined()
  }
})

test('a file under another name, of another repository or another machine is absent', () => {
  const cache = openCache()
  cache.write('mine', [utf8('contents')])
  const file = readFileSync(fileOf('mine'))
  writeFileSync(fileOf('yours'), file)
  expect(cache.read('yours')).toBeUndefined()
  const other = 'ffeeddccbbaa99887766554433221100' as RepositoryId
  mkdirSync(join(directory, other))
  writeFileSync(join(directory, other, 'mine'), file)
  expect(openCache({ repository: other }).read('mine')).toBeUndefined()
  expect(openCache({ machineKey: new Uint8Array(32).fill(8) }).read('mine')).toBeUndefined()
})

test('a link in the place of a file is not followed', () => {
  const cache = openCache()
  cache.write('real', [utf8('contents')])
  writeFileSync(join(directory, 'elsewhere'), readFileSync(fileOf('real')))
  cache.remove('real')
  symlinkSync(join(directory, 'elsewhere'), fileOf('real'))
  expect(cache.read('real')).toBeUndefined()
})

test('listing gives names and sizes under a prefix, and passes over half-written files', () => {
  const cache = openCache()
  cache.write('packs-1', [utf8('12345')])
  cache.write('packs-2', [utf8('')])
  cache.write('heads', [utf8('x')])
  writeFileSync(fileOf('.tmp-abc'), new Uint8Array(100))
  const listed = cache.list('packs-').map(({ name, bytes }) => `${name}:${bytes}`)
  expect(listed.sort()).toEqual(['packs-1:5', 'packs-2:0'])
  expect(cache.list().length).toBe(3)
  cache.remove('packs-1')
  cache.remove('packs-1')
  expect(cache.list('packs-').map(({ name }) => name)).toEqual(['packs-2'])
  cache.clear()
  expect(cache.list()).toEqual([])
})

test('a cache that cannot be written is one warning, and what was there stays readable', () => {
  openCache().write('kept', [utf8('old')])
  const blocked = join(directory, 'file')
  writeFileSync(blocked, 'a file where the folder should be')
  const cache = openCache({ directory: blocked })
  expect(cache.write('a', [utf8('x')])).toBe(false)
  expect(cache.write('b', [utf8('x')])).toBe(false)
  expect(warnings.map(({ code }) => code)).toEqual(['STORE_FAILED'])
  expect(cache.read('a')).toBeUndefined()
  expect(openCache().read('kept')).toEqual(utf8('old'))
})

test('a failed write leaves no temporary file and the old contents', () => {
  const cache = openCache()
  cache.write('kept', [utf8('old')])
  // A folder under the name makes the last step, the renaming, fail.
  rmSync(fileOf('kept'))
  mkdirSync(fileOf('kept'))
  writeFileSync(join(fileOf('kept'), 'x'), '')
  expect(cache.write('kept', [utf8('new')])).toBe(false)
  expect(readdirSync(join(directory, repository))).toEqual(['kept'])
  expect(warnings.length).toBe(1)
})
