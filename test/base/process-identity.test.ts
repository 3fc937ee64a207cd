import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

import { expect, onTestFinished, test } from 'vitest'

import { hasEnded, processTag } from '../../src/base/process-identity.ts'

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)(
  'the process of a tag has ended once only its number is left, and not while it runs',
  async () => {
    // Once the shell has become another program, nobody asks for the child any more: when it ends, its number stays.
    const script = 'cat <&3 & echo $!; exec sleep 300 3<&-'
    const parent = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [said] = (await once(parent.stdio[1] as Readable, 'data')) as [Buffer]
    const child = Number(said.toString())
    await expect.poll(() => readFileSync(`/proc/${parent.pid ?? 0}/comm`, 'latin1')).toBe('sleep\n')
    const input = parent.stdio[3] as Writable
    input.end()
    await expect.poll(() => fieldsOf(child)[0]).toBe('Z')
    const own = processTag() ?? ''
    const tagOf = (pid: number): string => own.replace(/-\d+-\d+$/, `-${pid}-${fieldsOf(pid)[19] ?? ''}`)
    expect(tagOf(process.pid)).toBe(own)
    expect([own, tagOf(parent.pid ?? 0), tagOf(child)].map(hasEnded)).toEqual([false, false, true])
    expect(hasEnded('of another machine')).toBeUndefined()
  },
)

/** What the kernel tells of a process from its state on. */
function fieldsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
}
