import { randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byteString, byteStringOf, bytesOf } from '../../../src/base/byte-string.ts'
import { O_PATH } from '../../../src/base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../../src/base/posix/descriptors.ts'
import { openDirectory, openDirectoryAt, readDirectory } from '../../../src/base/posix/directory.ts'
import { codeOf, name, useScratch } from './scratch.ts'

const scratch = useScratch()

const seed = randomInt(2 ** 31)

test(`a directory of 5,000 names of any bytes and every length to 255 is read whole, twice the same (seed ${seed})`, () => {
  let state = seed
  const next = (bound: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % bound
  }
  mkdirSync(join(scratch.path, 'many'))
  const expected = new Set<string>()
  while (expected.size < 5_000) {
    const bytes = Buffer.alloc(expected.size < 255 ? expected.size + 1 : 1 + next(255))
    for (let i = 0; i < bytes.length; i++) bytes[i] = 1 + next(255)
    const each = byteString(bytes).replaceAll('/', '\xff').replace(/^\./, '\x01')
    if (!expected.has(each))
      writeFileSync(Buffer.concat([Buffer.from(`${scratch.path}/many/`), bytesOf(name(each))]), '')
    expected.add(each)
  }
  const fd = openDirectoryAt(scratch.fd, name('many'))
  const names = readDirectory(fd)
  expect(names.length).toBe(5_000)
  expect(new Set(names)).toEqual(expected)
  expect(readDirectory(fd)).toEqual(names)
  closeDescriptor(fd)
})

test('an empty directory has no names, and the names agree with those Node reads', () => {
  mkdirSync(join(scratch.path, 'few/empty'), { recursive: true })
  for (const each of ['a', '...', '..b', '-', 'nai\u0308ve', '日本語'])
    writeFileSync(join(scratch.path, 'few', each), '')
  const few = openDirectory(byteStringOf(join(scratch.path, 'few')))
  const expected = readdirSync(join(scratch.path, 'few')).map((each) => byteStringOf(each))
  expect(readDirectory(few).sort()).toEqual(expected.sort())
  const empty = openDirectoryAt(few, name('empty'))
  expect(readDirectory(empty)).toEqual([])
  rmdirSync(join(scratch.path, 'few/empty'))
  expect(codeOf(() => readDirectory(empty))).toBe('ENOENT')
  closeDescriptor(empty)
  closeDescriptor(few)
})

test('opening by path follows a link, opening in a directory never does', () => {
  mkdirSync(join(scratch.path, 'real'))
  symlinkSync('real', join(scratch.path, 'link'))
  closeDescriptor(openDirectory(byteStringOf(join(scratch.path, 'link'))))
  expect(codeOf(() => openDirectoryAt(scratch.fd, name('link')))).toBe('ENOTDIR')
  expect(codeOf(() => openAt(scratch.fd, name('link'), { flags: 0 }))).toBe('ELOOP')
  expect(codeOf(() => openDirectory(byteStringOf('/nowhere')))).toBe('ENOENT')
})

test.each(['', '.', '..', '/etc', 'real/..', 'a\0b'])('the name %j cannot lead out of a directory', (bad) => {
  expect(codeOf(() => openDirectoryAt(scratch.fd, name(bad)))).toBe('EINVAL')
  expect(codeOf(() => openAt(scratch.fd, name(bad), { flags: O_PATH }))).toBe('EINVAL')
})

test('a closed descriptor and a file are refused', () => {
  writeFileSync(join(scratch.path, 'file'), 'x')
  const fd = openAt(scratch.fd, name('file'), { flags: 0 })
  expect(codeOf(() => readDirectory(fd))).toBe('ENOTDIR')
  closeDescriptor(fd)
  expect(codeOf(() => readDirectory(fd))).toBe('EBADF')
  expect(codeOf(() => closeDescriptor(fd))).toBe('EBADF')
})
