import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, describe, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import type { Trouble } from '../../../src/engine/backup-types.ts'
import { turnIntoBase } from '../../../src/engine/backup/pass-base.ts'
import { compileExcludes } from '../../../src/engine/scan/exclude-filter.ts'
import type { ExcludeRules } from '../../../src/engine/scan/exclude-rules.ts'
import { ROW_COUNT, ROW_FIRST, ROW_FLAG_VIRTUAL, ROW_FLAGS } from '../../../src/engine/scan/entry-table.ts'
import type { ScanOptions } from '../../../src/engine/scan/scan-options.ts'
import { Scanner } from '../../../src/engine/scan/scanner.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder, temporaryMemoryFolder } from '../../support/temporary-folder.ts'

const LATER_MS = 3_600_000
const noRules: ExcludeRules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }

interface Scan {
  readonly scanner: Scanner
  /** Path below the folder: how it compares with the base. */
  readonly entries: Record<string, string>
  readonly troubles: string[]
  readonly listed: number
}

/** Scans a folder, or other roots; with an earlier scan as its base. */
function scan(folder: string, options: Partial<ScanOptions> & { rules?: ExcludeRules; before?: Scan } = {}): Scan {
  const { rules = noRules, before, ...rest } = options
  const troubles: Trouble[] = []
  const scanner = new Scanner({
    roots: [byteStringOf(folder)],
    filter: compileExcludes(rules),
    crossFilesystems: false,
    leaveOut: [],
    // The table of the scan before becomes the base; it is not looked at again.
    base: before === undefined ? undefined : turnIntoBase(before.scanner),
    trustListings: before !== undefined,
    baseSkips: before?.scanner.skips,
    startedMs: Date.now() + LATER_MS,
    trouble: (trouble) => troubles.push(trouble),
    ...rest,
  })
  const entries: Record<string, string> = {}
  const paths = new Map<number, string>([[0, '']])
  let listed = 0
  const rows: [number, string][] = []
  for (const { row, path } of scanner.scan()) {
    listed++
    const first = scanner.table.word(row, ROW_FIRST)
    for (let child = first; child < first + scanner.table.word(row, ROW_COUNT); child++) {
      rows.push([child, join(path, scanner.table.name(child))])
    }
    paths.set(row, path)
  }
  const { states, table } = scanner
  for (const [row, path] of rows) {
    if ((table.word(row, ROW_FLAGS) & ROW_FLAG_VIRTUAL) !== 0 || !path.startsWith(folder)) continue
    const state = states.isNew(row) ? 'new' : states.isSame(row) ? 'same' : 'changed'
    const more = `${states.isGone(row) ? ' gone' : ''}${states.isClosed(row) ? ' closed' : ''}`
    entries[path.slice(folder.length + 1)] = state + more
  }
  const told = troubles.map(({ path, reason }) => `${reason} ${path.slice(folder.length + 1)}`)
  return { scanner, entries, troubles: told, listed }
}

function folderWith(...files: string[]): string {
  const folder = temporaryFolder()
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), file)
  }
  return folder
}

describe('a scan', () => {
  test('tells new, unchanged and changed entries apart', () => {
    const folder = folderWith('a', 'b', 'd/c', 'd/e/f')
    const first = scan(folder)
    expect(first.entries).toEqual({
      '': 'new',
      a: 'new',
      b: 'new',
      d: 'new',
      'd/c': 'new',
      'd/e': 'new',
      'd/e/f': 'new',
    })
    const second = scan(folder, { before: first })
    expect(new Set(Object.values(second.entries))).toEqual(new Set(['same']))
    appendFileSync(join(folder, 'd/c'), 'x')
    writeFileSync(join(folder, 'new'), '')
    rmSync(join(folder, 'b'))
    const third = scan(folder, { before: second })
    expect(third.entries).toEqual({
      '': 'changed',
      a: 'same',
      d: 'same',
      'd/c': 'changed',
      'd/e': 'same',
      'd/e/f': 'same',
      new: 'new',
    })
  })

  test('sees another file under the same name, with the same size and time', () => {
    const folder = folderWith('a')
    const first = scan(folder)
    const times = ['-r', join(folder, 'a'), join(folder, 'z')]
    writeFileSync(join(folder, 'z'), 'b')
    execFileSync('touch', times)
    renameSync(join(folder, 'z'), join(folder, 'a'))
    expect(scan(folder, { before: first }).entries['a']).toBe('changed')
  })

  test('looks again at what was touched just before it', () => {
    const folder = folderWith('a')
    const first = scan(folder, { startedMs: Date.now() })
    expect(scan(folder, { before: first }).entries).toEqual({ '': 'changed', a: 'changed' })
    const second = scan(folder, { before: scan(folder) })
    expect(second.entries).toEqual({ '': 'same', a: 'same' })
  })

  test('an entry that became another kind is changed, and has what that kind has', () => {
    const folder = folderWith('a', 'b/c')
    const first = scan(folder)
    rmSync(join(folder, 'a'))
    symlinkSync('b', join(folder, 'a'))
    rmSync(join(folder, 'b'), { recursive: true })
    writeFileSync(join(folder, 'b'), 'now a file')
    const { entries, scanner } = scan(folder, { before: first })
    expect(entries).toEqual({ '': 'changed', a: 'changed', b: 'changed' })
    expect([...scanner.extras.values()].map(({ target }) => target)).toEqual(['b'])
  })

  test('tells of exclusions again when it takes a listing over', () => {
    const folder = folderWith('keep', 'skip.tmp', 'd/skip.tmp', 'd/keep', 'n/.nobackup', 'n/x', 'm/MARK', 'm/y')
    const rules = { ...noRules, patterns: ['*.tmp'], excludeIfPresent: [byteStringOf('MARK')] }
    const first = scan(folder, { rules })
    const reasons = ['excluded d/skip.tmp', 'excluded skip.tmp', 'marker-file m', 'nobackup n']
    expect(first.troubles.sort()).toEqual(reasons)
    expect(Object.keys(first.entries).sort()).toEqual(['', 'd', 'd/keep', 'keep', 'm', 'm/MARK', 'n'])
    const second = scan(folder, { rules, before: first })
    expect(second.troubles.sort()).toEqual(reasons)
    expect(second.entries).toEqual({
      '': 'same',
      d: 'same',
      'd/keep': 'same',
      keep: 'same',
      m: 'same',
      'm/MARK': 'same',
      n: 'same',
    })
    const without = scan(folder, { before: second, trustListings: false })
    expect(without.entries).toMatchObject({ 'skip.tmp': 'new', 'd/skip.tmp': 'new', 'm/y': 'new' })
  })

  test('a cache directory keeps its tag alone', () => {
    const folder = folderWith('c/CACHEDIR.TAG', 'c/x', 'fake/CACHEDIR.TAG', 'fake/x')
    writeFileSync(join(folder, 'c/CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
    const { entries, troubles } = scan(folder, { rules: { ...noRules, excludeCaches: true } })
    expect(Object.keys(entries).sort()).toEqual(['', 'c', 'c/CACHEDIR.TAG', 'fake', 'fake/CACHEDIR.TAG', 'fake/x'])
    expect(troubles).toEqual(['cache-directory c'])
  })

  test('leaves no descriptor open, also when nobody reads it to its end', () => {
    const folder = folderWith('a/b/c/d', 'e/f')
    const probe = (): number => {
      const fd = openSync('/dev/null', 'r')
      closeSync(fd)
      return fd
    }
    const before = probe()
    scan(folder)
    const scanner = new Scanner({
      roots: [byteStringOf(folder)],
      filter: compileExcludes(noRules),
      crossFilesystems: false,
      leaveOut: [],
      base: undefined,
      trustListings: false,
      startedMs: 0,
      trouble: () => undefined,
    })
    let seen = 0
    for (const directory of scanner.scan()) if (directory.path.endsWith('/c') && ++seen > 0) break
    expect(seen).toBe(1)
    expect(probe()).toBe(before)
  })
})

describe('roots', () => {
  test('lead through directories that hold nothing else', () => {
    const folder = folderWith('one/two/three', 'one/beside', 'four')
    const roots = [byteStringOf(join(folder, 'one/two')), byteStringOf(join(folder, 'four'))]
    const { entries } = scan(folder, { roots })
    expect(entries).toEqual({ four: 'new', 'one/two': 'new', 'one/two/three': 'new' })
  })

  test('inside other roots add nothing', () => {
    const folder = folderWith('one/two/three', 'one/beside')
    for (const roots of [
      [folder, join(folder, 'one/two')],
      [join(folder, 'one/two/three'), folder, folder],
    ]) {
      const { entries, listed } = scan(folder, { roots: roots.map(byteStringOf) })
      expect(Object.keys(entries)).toHaveLength(5)
      expect(listed).toBe(3 + folder.split('/').length - 1)
    }
  })

  test('may be files, and links that are kept as links', () => {
    const folder = folderWith('file', 'd/x')
    symlinkSync('d', join(folder, 'link'))
    const roots = ['file', 'link'].map((name) => byteStringOf(join(folder, name)))
    const { entries, scanner } = scan(folder, { roots })
    expect(entries).toEqual({ file: 'new', link: 'new' })
    expect([...scanner.extras.values()].map(({ target }) => target)).toEqual(['d'])
  })

  test('may lie behind a link', () => {
    const folder = folderWith('d/sub/x')
    symlinkSync('d', join(folder, 'link'))
    expect(scan(folder, { roots: [byteStringOf(join(folder, 'link/sub'))] }).entries).toEqual({
      'link/sub': 'new',
      'link/sub/x': 'new',
    })
  })

  test('above a changed neighbour are the same as they were', () => {
    const folder = folderWith('one/x')
    const roots = [byteStringOf(join(folder, 'one'))]
    const first = scan(folder, { roots })
    writeFileSync(join(folder, 'beside'), '')
    const { scanner } = scan(folder, { roots, before: first })
    for (let row = 1; row < scanner.table.count; row++) expect(scanner.states.isSame(row), `${row}`).toBe(true)
  })
})

describe('the repository', () => {
  test('inside the source is left out, by whatever path', () => {
    const folder = folderWith('data', 'repo/packs/hidden', 'd/y')
    const leaveOut = [byteStringOf(join(folder, 'repo'))]
    const { entries, troubles } = scan(folder, { leaveOut })
    expect(Object.keys(entries).sort()).toEqual(['', 'd', 'd/y', 'data'])
    expect(troubles).toEqual(['repository repo'])
    symlinkSync(folder, join(folder, 'd/again'))
    const behind = scan(join(folder, 'd/again'), {
      roots: [byteStringOf(join(folder, 'd/again/d/again/repo'))],
      leaveOut,
    })
    expect(behind.troubles).toHaveLength(1)
    const { names, namesBytes } = behind.scanner.table
    expect(Buffer.from(names.subarray(0, namesBytes)).includes('hidden')).toBe(false)
  })

  test('named itself is an error, and beside others it is told', () => {
    const folder = folderWith('repo/x', 'data')
    const leaveOut = [byteStringOf(join(folder, 'repo'))]
    const inside = [byteStringOf(join(folder, 'repo/x'))]
    expect(() => scan(folder, { leaveOut, roots: inside })).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
    const both = scan(folder, { leaveOut, roots: [...inside, byteStringOf(join(folder, 'data'))] })
    expect(both.troubles).toEqual(['repository repo/x'])
    expect(both.entries).toEqual({ data: 'new' })
  })
})

describe('other file systems', () => {
  /** A folder with a RAM disk mounted in it. */
  function withMount(): { folder: string; mount: string } {
    const folder = folderWith('file', 'mnt/hidden')
    const mount = join(folder, 'mnt')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tidemark-test', mount])
    onTestFinished(() => void execFileSync('umount', ['--lazy', mount]))
    writeFileSync(join(mount, 'inside'), 'x'.repeat(5000))
    return { folder, mount }
  }

  rootTest('are left out and told, also when the listing is taken over, and entered on request', () => {
    const { folder } = withMount()
    const first = scan(folder)
    expect(first.entries).toEqual({ '': 'new', file: 'new', mnt: 'new closed' })
    expect(first.troubles).toEqual(['other-file-system mnt'])
    const second = scan(folder, { before: first })
    expect(second.entries).toMatchObject({ mnt: 'same closed' })
    expect(second.troubles).toEqual(['other-file-system mnt'])
    expect(scan(folder, { crossFilesystems: true }).entries).toMatchObject({ 'mnt/inside': 'new' })
  })

  rootTest('on which points are mounted are never entered, even where the others are', () => {
    const { folder, mount } = withMount()
    // Linux numbers devices with 8 + 12 bits: see makedev(3).
    const { dev } = statSync(mount)
    const mountedPoints = new Set([`${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`])
    for (const crossFilesystems of [false, true]) {
      const { entries, troubles } = scan(folder, { crossFilesystems, mountedPoints })
      expect(entries).toEqual({ '': 'new', file: 'new', mnt: 'new closed' })
      expect(troubles).toEqual(['mounted-point mnt'])
    }
  })

  rootTest('are what they are when they are roots', () => {
    const { folder, mount } = withMount()
    expect(scan(folder, { roots: [byteStringOf(mount)] }).entries).toEqual({ mnt: 'new', 'mnt/inside': 'new' })
  })

  rootTest('are not subvolumes of one file system', () => {
    const folder = temporaryFolder()
    const [image, mount] = [join(folder, 'image'), join(folder, 'mount')]
    mkdirSync(mount)
    execFileSync('truncate', ['-s', '120M', image])
    execFileSync('mkfs.btrfs', ['-q', image], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop', image, mount])
    onTestFinished(() => void execFileSync('umount', ['--lazy', mount]))
    execFileSync('btrfs', ['subvolume', 'create', join(mount, 'sub')], { stdio: 'ignore' })
    writeFileSync(join(mount, 'sub/inside'), 'x')
    const { entries, troubles } = scan(mount)
    expect(entries).toEqual({ '': 'new', sub: 'new', 'sub/inside': 'new' })
    expect(troubles).toEqual([])
  })
})

describe('names and paths', () => {
  test('of any bytes and the full length are taken', () => {
    const folder = temporaryFolder()
    const names = [
      Buffer.alloc(255, 'n'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('line\nbreak'),
      Buffer.from('ü'.repeat(127)),
    ]
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), 'x')
    const { scanner, entries } = scan(folder)
    expect(Object.keys(entries)).toHaveLength(5)
    for (const name of names) expect(Object.keys(entries)).toContain(name.toString('latin1'))
    expect(scanner.extras.size).toBe(0)
  })

  test('deeper than a system call takes are walked', () => {
    const folder = temporaryFolder()
    const depth = 40
    // Made from inside, because no path leads there.
    const script = `for i in $(seq ${depth}); do mkdir ${'d'.repeat(200)}; cd -P ${'d'.repeat(200)}; done; echo deep > file`
    execFileSync('bash', ['-c', script], { cwd: folder })
    const { entries, troubles } = scan(folder)
    expect(troubles).toEqual([])
    expect(Object.keys(entries)).toHaveLength(depth + 2)
    const deepest = Object.keys(entries).find((path) => path.endsWith('/file'))!
    expect(deepest.length).toBeGreaterThan(8000)
  })

  test('50,000 of one folder are listed in a few seconds', () => {
    const folder = temporaryMemoryFolder()
    const script = `
      const { closeSync, openSync } = require('node:fs')
      for (let i = 0; i < 50000; i++) closeSync(openSync(process.argv[1] + '/' + i * 7919, 'w'))`
    execFileSync(process.execPath, ['-e', script, folder])
    const start = process.cpuUsage()
    const first = scan(folder)
    expect(Object.keys(first.entries)).toHaveLength(50_001)
    const second = scan(folder, { before: first })
    expect(new Set(Object.values(second.entries))).toEqual(new Set(['same']))
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1000).toBeLessThan(20_000)
  })

  test('that are gone leave nothing behind', () => {
    const folder = folderWith('a', 'b', 'c/d')
    linkSync(join(folder, 'a'), join(folder, 'z'))
    const first = scan(folder)
    rmSync(join(folder, 'z'))
    const { entries, troubles } = scan(folder, { before: first })
    expect(entries).toEqual({ '': 'changed', a: 'changed', b: 'same', c: 'same', 'c/d': 'same' })
    expect(troubles).toEqual([])
  })
})
