import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { SEEK_DATA, SEEK_HOLE } from '../../src/base/posix/constants.ts'
import { libc } from '../../src/base/posix/libc.ts'
import { CONTRACT_CONTENTS, CONTRACT_XATTR } from '../support/contract-tree.ts'

/** What a way of showing a point can do beyond what all of them can. */
export interface ShownCapabilities {
  /** Nothing in it can be changed. */
  readonly readOnly: boolean
  /** Names are the bytes they are; otherwise those that are no text are percent-escaped. */
  readonly anyNames: boolean
  /** The names of a hard-linked file have one inode number. */
  readonly linkedInodes: boolean
  /** SEEK_HOLE finds holes. */
  readonly holes: boolean
  /** It answers `user.tidemark.point` and `user.tidemark.content`. */
  readonly ownAttributes: boolean
}

export interface ShownTree {
  /** The backed-up folder as it is shown. */
  readonly shown: string
  /** The folder that was backed up: `contractTree` of test/support. */
  readonly source: string
}

interface Ran {
  readonly code: number | null
  readonly out: string
}

function run(command: string, ...words: string[]): Ran {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command, 'sh', ...words], { encoding: 'latin1' })
  return { code: status, out: `${stdout}${stderr}` }
}

/**
 * The suite that every way of showing a point passes: each transport of the mount, and as a control what a restore
 * made. What it leaves out follows only from what a way declares that it can.
 *
 * `open` is called once; what it opened is closed by whoever calls this.
 */
export function describeMountContract(
  name: string,
  capabilities: ShownCapabilities,
  open: () => Promise<ShownTree>,
): void {
  describe(`${name} shows a point as it was`, () => {
    let shown = ''
    let source = ''
    const at = (path: string): string => join(shown, path)

    beforeAll(async () => {
      ;({ shown, source } = await open())
    })

    test('contents, kinds, owners, modes, times and targets are those of the source', async () => {
      const { differences, entries } = await compareTrees(source, shown)
      const escaped = (line: string): boolean => /\/no%FFtext|\/no\u00fftext/.test(line)
      expect(capabilities.anyNames ? differences : differences.filter((line) => !escaped(line))).toEqual([])
      expect(entries).toBeGreaterThan(30)
    })

    test('names that are no text come through', () => {
      const path = capabilities.anyNames ? Buffer.from(at('no\u00fftext'), 'latin1') : at('no%FFtext')
      expect(readFileSync(path, 'utf8')).toBe(CONTRACT_CONTENTS.noText)
    })

    test('sizes, blocks, counts of links and device numbers are those of the source', () => {
      for (const file of ['plain', 'sparse', 'empty', 'linked', 'pipe', 'device']) {
        const [is, was] = [lstatSync(at(file)), lstatSync(join(source, file))]
        expect({ file, size: is.size, nlink: is.nlink, rdev: is.rdev }).toEqual({
          ...{ file, size: was.size, nlink: was.nlink, rdev: was.rdev },
        })
      }
      // A file system may keep a little more than what was written.
      expect(lstatSync(at('sparse')).blocks * 512).toBeLessThan(lstatSync(at('sparse')).size / 2)
    })

    test.runIf(capabilities.linkedInodes)('hard links are one file', () => {
      expect(lstatSync(at('linked')).ino).toBe(lstatSync(at('folder/also-linked')).ino)
      expect(lstatSync(at('linked')).ino).not.toBe(lstatSync(at('plain')).ino)
    })

    test('extended attributes and access lists are listed and read', () => {
      const names = (folder: string): Ran => run('cd "$1" && getfattr -d -m - -e hex plain && getfacl -p plain', folder)
      expect(names(shown)).toEqual(names(source))
      expect(names(shown).out).toContain(CONTRACT_XATTR)
      // The sign of `ls` for an access list.
      expect(run('ls -l "$1"', at('plain')).out).toMatch(/^-[-rwx]{9}\+ /)
      expect(run('getfattr -n user.none "$1"', at('plain'))).toMatchObject({ code: 1 })
    })

    test.runIf(capabilities.ownAttributes)('attributes of its own are answered and never listed', () => {
      const ask = (attribute: string, file: string): Ran =>
        run('getfattr --only-values -n "$1" "$2" 2>/dev/null', `user.tidemark.${attribute}`, at(file))
      expect(ask('point', 'plain')).toEqual({ code: 0, out: expect.stringMatching(/^[0-9a-f]{32}$/) as string })
      expect(ask('content', 'plain').out).toBe(ask('content', 'folder/copy').out)
      expect(ask('content', 'plain').out).not.toBe(ask('content', 'linked').out)
      expect(run('getfattr -m - "$1"', at('plain')).out).not.toContain('user.tidemark')
    })

    test.runIf(capabilities.holes)('holes are found without being read', () => {
      const ends = (path: string): unknown[] => {
        const fd = openSync(path, 'r')
        try {
          return [libc().lseek(fd, 0, SEEK_HOLE), libc().lseek(fd, 65_536, SEEK_DATA)]
        } finally {
          closeSync(fd)
        }
      }
      expect(ends(at('sparse'))).toEqual(ends(join(source, 'sparse')))
    })

    test('any part of a large file is read', () => {
      const whole = readFileSync(join(source, 'large'))
      for (const [offset, length] of [
        [0, 1],
        [4095, 2],
        [1_048_575, 4096],
        [whole.byteLength - 3, 10],
      ] as const) {
        const { out } = run(`tail -c +${offset + 1} "$1" | head -c ${length}`, at('large'))
        expect(Buffer.from(out, 'latin1')).toEqual(whole.subarray(offset, offset + length))
      }
      expect(run('tail -c +99999999 "$1"', at('large'))).toEqual({ code: 0, out: '' })
    })

    test('a folder of many is listed completely, once each', () => {
      expect(readdirSync(at('many')).toSorted()).toEqual(readdirSync(join(source, 'many')).toSorted())
    })

    test('what is not there is not there', () => {
      expect(existsSync(at('none'))).toBe(false)
      expect(existsSync(at('plain/below-a-file'))).toBe(false)
      expect(() => readlinkSync(at('plain'))).toThrow(expect.objectContaining({ code: 'EINVAL' }))
      expect(() => readdirSync(at('plain'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }))
    })

    const changes: readonly (readonly [string, string])[] = [
      ['made', ': > "$1/new"'],
      ['written', 'echo x >> "$1/plain"'],
      ['emptied', 'truncate -s 0 "$1/plain"'],
      ['removed', 'rm -f "$1/plain"'],
      ['renamed', 'mv "$1/plain" "$1/other"'],
      ['linked', 'ln "$1/plain" "$1/other"'],
      ['made a folder', 'mkdir "$1/new"'],
      ['given another mode', 'chmod 600 "$1/plain"'],
      ['given another time', 'touch "$1/plain"'],
      ['given an attribute', 'setfattr -n user.x -v y "$1/plain"'],
    ]
    test.runIf(capabilities.readOnly).each(changes)('nothing in it can be %s', (_, command) => {
      const { code, out } = run(command, shown)
      expect(code).not.toBe(0)
      expect(out).toMatch(/Read-only file system/)
    })
  })
}
