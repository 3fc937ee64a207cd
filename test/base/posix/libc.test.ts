import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { errnoOf } from '../../../src/base/errors.ts'
import { cString } from '../../../src/base/posix/c-string.ts'
import { AT_FDCWD, O_CLOEXEC, O_RDONLY } from '../../../src/base/posix/constants.ts'
import { check, errno, errnoName, lastError } from '../../../src/base/posix/errno.ts'
import { addressOf, libc } from '../../../src/base/posix/libc.ts'
import { PosixError } from '../../../src/base/posix/posix-error.ts'
import { codeOf, name } from './scratch.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

function openHosts(): number {
  return check(libc().openat(AT_FDCWD, cString(name('/etc/passwd')), O_RDONLY | O_CLOEXEC, 0), 'openat')
}

test('every function of the C library is there, as a koffi function without a wrapper', () => {
  const wrapped = Object.entries(libc()).filter(([, each]) => !('info' in (each as object)))
  expect(wrapped).toEqual([])
  expect(libc()).toBe(libc())
})

test.each([
  ['an array', () => new Uint8Array(64)],
  ['a part of an array', () => new Uint8Array(128).subarray(33, 97)],
  ['shared memory', () => new Uint8Array(new SharedArrayBuffer(128), 8, 64)],
])('bytes are read into %s, given as itself or by its address', (_, make) => {
  const fd = openHosts()
  const expected = new Uint8Array(readFileSync('/etc/passwd').subarray(0, 64))
  const [direct, addressed] = [make(), make()]
  expect(libc().pread(fd, direct, 64, 0)).toBe(64)
  expect(libc().pread(fd, addressOf(addressed), 64, 0)).toBe(64)
  expect(new Uint8Array(direct)).toEqual(expected)
  expect(new Uint8Array(addressed)).toEqual(expected)
  expect(libc().read(fd, addressed, 10)).toBe(10)
  expect(libc().close(fd)).toBe(0)
})

test('a failing call tells its reason by number, name, path and words', () => {
  const path = name('/nowhere/\xff')
  expect(libc().openat(AT_FDCWD, cString(path), O_RDONLY, 0)).toBe(-1)
  expect(errno()).toBe(2)
  const error = lastError('openat', path)
  expect(error).toMatchObject({ code: 'ENOENT', errno: 2, syscall: 'openat', path: '/nowhere/\\xff' })
  expect(error.message).toBe("ENOENT: no such file or directory, openat '/nowhere/\\xff'")
  expect(errnoOf(error)).toBe('ENOENT')
  expect(error).toBeInstanceOf(PosixError)
})

test('error numbers have the names that Node gives them', () => {
  expect([1, 11, 95, 61, 117, 4095].map(errnoName)).toEqual([
    'EPERM',
    'EAGAIN',
    'ENOTSUP',
    'ENODATA',
    'EUCLEAN',
    'E4095',
  ])
})

test('check passes a result on and throws the reason of a failure', () => {
  expect(check(7, 'read')).toBe(7)
  expect(codeOf(() => check(libc().close(-1), 'close'))).toBe('EBADF')
})

test('a name with a NUL inside is refused instead of cut', () => {
  expect(codeOf(() => cString(name('good\0evil')))).toBe('EINVAL')
  expect([...cString(name('a\xff'))]).toEqual([0x61, 0xff, 0])
})

test('a worker thread loads it for itself', async () => {
  const module = new URL('../../../src/base/posix/libc.ts', import.meta.url).href
  const source = `import { parentPort } from 'node:worker_threads'
    const { libc } = await import(${JSON.stringify(module)})
    const fd = libc().openat(-100, Buffer.from('/etc/passwd\\0'), 0, 0)
    const bytes = Buffer.alloc(4)
    parentPort.postMessage([libc().read(fd, bytes, 4), bytes.toString(), libc().close(fd)])`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  expect(answer).toEqual([4, readFileSync('/etc/passwd', 'latin1').slice(0, 4), 0])
})

test('anything but Linux is refused in one sentence', async () => {
  vi.stubGlobal('process', { ...process, platform: 'darwin' })
  vi.resetModules()
  const fresh = await import('../../../src/base/posix/libc.ts')
  expect(() => fresh.libc()).toThrow('files are read and written through Linux system calls, and this is darwin')
})
