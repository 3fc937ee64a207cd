import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

import { expect, onTestFinished, test } from 'vitest'

import { hasEnded, processTag } from '../../src/base/process-identity.ts'

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)(
  'the process of a tag has ended once only its number is left, and not while it runs',
  async () => {
    // The program that the shell becomes asks for no child: of the one that ended, the number stays.
    const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 300'], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [said] = (await once(parent.stdout, 'data')) as [Buffer]
    const child = Number(said.toString())
    await expect.poll(() => stateOf(child)).toBe('Z')
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

function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)[0]
}
