import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { patternBytes } from './pattern-bytes.ts'

export const CONTRACT_CONTENTS = { plain: 'plain text\n', noText: 'its name is no text' } as const
/** As `getfattr -e hex` shows it. */
export const CONTRACT_XATTR = 'user.colour=0x626c75650a'

/** Fills a folder with one of everything that a point holds. Needs root: there is a device in it. */
export function fillContractTree(folder: string): void {
  const at = (path: string): string => join(folder, path)
  mkdirSync(at('folder/deeper'), { recursive: true })
  writeFileSync(at('plain'), CONTRACT_CONTENTS.plain)
  writeFileSync(at('folder/copy'), CONTRACT_CONTENTS.plain)
  writeFileSync(at('empty'), '')
  writeFileSync(at('large'), patternBytes(5 << 20, 7))
  writeFileSync(at('linked'), 'one file, two names')
  linkSync(at('linked'), at('folder/also-linked'))
  writeFileSync(at('sparse'), 'data')
  truncateSync(at('sparse'), 4 << 20)
  execFileSync('sh', ['-c', 'printf end >> "$1"', 'sh', at('sparse')])
  writeFileSync(Buffer.from(at('no\u00fftext'), 'latin1'), CONTRACT_CONTENTS.noText)
  symlinkSync('../nowhere/größe', at('folder/deeper/link'))
  execFileSync('mkfifo', [at('pipe')])
  execFileSync('mknod', [at('device'), 'c', '259', '74565'])
  execFileSync('setfattr', ['-n', 'user.colour', '-v', '0x626c75650a', at('plain')])
  execFileSync('setfacl', ['-m', 'u:65534:r,g:65533:rw', at('plain')])
  // Its mode says that its group may read it, and its access list that it may not: the mode's bits are the list's mask.
  writeFileSync(at('guarded'), 'for one user more')
  execFileSync('chown', ['0:65533', at('guarded')])
  execFileSync('setfacl', ['--set', 'u::rw,g::-,o::-,m::r,u:65534:r', at('guarded')])
  execFileSync('chown', ['1234:2345', at('empty')])
  execFileSync('chmod', ['4755', at('linked')])
  mkdirSync(at('many'))
  for (let i = 0; i < 1500; i++) writeFileSync(at(`many/${'name '.repeat(i % 20)}${i}`), `${i}`)
  utimesSync(at('empty'), -1.5, -1.5)
  execFileSync('touch', ['-h', '-d', '2001-02-03 04:05:06.123456789 UTC', at('folder/deeper/link'), at('plain')])
}
