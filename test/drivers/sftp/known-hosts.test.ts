import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { fingerprint, judgeHostKey, keyType, knownHostsLine, knownKeyTypes } from '../../../drivers/sftp/known-hosts.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Makes a key with ssh-keygen. Returns its public half as known_hosts has it, and its bytes. */
function makeKey(type: 'ed25519' | 'ecdsa'): { line: string; bytes: Buffer; file: string } {
  const file = join(temporaryFolder(), 'key')
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
  const [name, encoded = ''] = readFileSync(`${file}.pub`, 'utf8').split(' ')
  return { line: `${name} ${encoded}`, bytes: Buffer.from(encoded, 'base64'), file: `${file}.pub` }
}

const at = (files: readonly string[], host = 'backup.example', port = 22) => ({ files, host, port })

describe('known_hosts', () => {
  test('a key that stands under the name of the server is known', () => {
    const key = makeKey('ed25519')
    expect(judgeHostKey(key.bytes, at([`backup.example ${key.line}\n`]))).toBe('known')
    expect(judgeHostKey(key.bytes, at(['', `# comment\nother,backup.example,10.0.0.1 ${key.line} a comment`]))).toBe(
      'known',
    )
    expect(judgeHostKey(key.bytes, at([`*.example,!secret.example ${key.line}`]))).toBe('known')
    expect(judgeHostKey(key.bytes, at([`BACKUP.example ${key.line}`]))).toBe('known')
  })

  test('a server of which nothing stands there is unknown', () => {
    const key = makeKey('ed25519')
    const elsewhere = [`other.example ${key.line}`, `*.example,!backup.example ${key.line}`, 'backup.example', 'x y z']
    for (const file of elsewhere) expect(judgeHostKey(key.bytes, at([file]))).toBe('unknown')
  })

  test('a port other than 22 makes another server', () => {
    const key = makeKey('ed25519')
    expect(judgeHostKey(key.bytes, at([`backup.example ${key.line}`], 'backup.example', 2222))).toBe('unknown')
    expect(judgeHostKey(key.bytes, at([`[backup.example]:2222 ${key.line}`], 'backup.example', 2222))).toBe('known')
  })

  test('another key of the same type has changed; of another type it is unknown', () => {
    const [known, other, ecdsa] = [makeKey('ed25519'), makeKey('ed25519'), makeKey('ecdsa')]
    const files = [`backup.example ${known.line}`]
    expect(judgeHostKey(other.bytes, at(files))).toBe('changed')
    expect(judgeHostKey(ecdsa.bytes, at(files))).toBe('unknown')
    expect(knownKeyTypes(files, { host: 'backup.example', port: 22 })).toEqual(['ssh-ed25519'])
  })

  test.each([
    ['backup.example', 22],
    ['Backup.example', 2222],
    ['fe80::1%eth0', 22],
    ['10.0.0.1', 2222],
  ])('the line of a key that was accepted of %s, port %i, has it known from then on', (host, port) => {
    const key = makeKey('ed25519')
    const line = knownHostsLine(key.bytes, { host, port }) ?? ''
    expect(judgeHostKey(key.bytes, at([line], host, port))).toBe('known')
    expect(line.split('\n')).toHaveLength(2)
  })

  test('a name that would stand for others, or a key without a type, has no line', () => {
    const key = makeKey('ed25519')
    for (const host of ['*', 'a?', 'a,b', 'a b', 'a\nb', '!a', '#a', '@revoked', '|1|a', '[a', ''])
      expect(knownHostsLine(key.bytes, { host, port: 22 }), host).toBeUndefined()
    const type = Buffer.from('x\ny')
    const odd = Buffer.concat([Buffer.from([0, 0, 0, type.length]), type])
    expect(knownHostsLine(odd, { host: 'a', port: 22 })).toBeUndefined()
  })

  test('a revoked key is refused, also where it is known', () => {
    const key = makeKey('ed25519')
    const files = [`backup.example ${key.line}`, `@revoked * ${key.line}`]
    expect(judgeHostKey(key.bytes, at(files))).toBe('revoked')
  })

  test('names that ssh-keygen hashed are found', () => {
    const key = makeKey('ed25519')
    const file = join(temporaryFolder(), 'known_hosts')
    execFileSync('sh', ['-c', `echo "backup.example ${key.line}" > ${file}; ssh-keygen -q -H -f ${file}`], {
      stdio: 'ignore',
    })
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('|1|')
    expect(judgeHostKey(key.bytes, at([text]))).toBe('known')
    expect(judgeHostKey(key.bytes, at([text], 'other.example'))).toBe('unknown')
  })

  test('fingerprints are those of ssh-keygen', () => {
    const key = makeKey('ecdsa')
    const shown = execFileSync('ssh-keygen', ['-l', '-f', key.file], { encoding: 'utf8' })
    expect(shown.split(' ')[1]).toBe(fingerprint(key.bytes))
    expect(keyType(key.bytes)).toBe('ecdsa-sha2-nistp256')
    expect(keyType(Buffer.from([0, 0, 0, 200, 1]))).toBe('')
  })
})
