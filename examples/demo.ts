// Tidemark's main job from beginning to end, as a user would do it, on a real tree: this project's own files.
//
//   npm run demo
//
// Everything happens in a temporary folder, which is removed afterwards. Exits with 0 only if every byte, mode, time and
// link of both restored points is what was backed up.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'

import { compareTrees } from './compare-trees.ts'

const PROJECT = join(import.meta.dirname, '..')
const PROGRAM = join(PROJECT, 'dist', 'tidemark.js')
/** What `npm ci` and the build make anew is no real input. */
const LEFT_OUT = ['node_modules', 'dist', '.git']

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Runs the program as a user would, with folders of its own instead of the user's; returns what it printed. */
function tidemark(home: string, ...words: readonly string[]): string {
  say(`\n$ tidemark ${words.join(' ')}`)
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...words], {
    env: { PATH: process.env['PATH'], HOME: home, TIDEMARK_PASSWORD_FILE: join(home, 'password') },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = stdout.trimEnd().split('\n')
  for (const line of lines.slice(0, 12)) say(`  ${line}`)
  if (lines.length > 12) say(`  … ${lines.length - 12} more lines`)
  if (status !== 0) throw new Error(`tidemark ${words[0] ?? ''} ended with exit code ${status ?? 'none'}`)
  return stdout
}

/** Copies a tree with its times, those of folders too. */
function copyExactly(from: string, to: string): void {
  const { status } = spawnSync('cp', ['-a', from, to], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`cp -a ${from} ${to} failed`)
}

/** Changes the tree the way a day of work does. */
async function workOn(tree: string): Promise<void> {
  await appendFile(join(tree, 'README.md'), '\nOne more line.\n')
  await rm(join(tree, 'CHANGELOG.md'))
  await mkdir(join(tree, 'new folder'))
  await writeFile(join(tree, 'new folder', 'naïve 日本.txt'), 'a file with a name of its own\n')
  await symlink('../README.md', join(tree, 'new folder', 'link'))
  await chmod(join(tree, 'LICENSE'), 0o600)
  // Ten mebibytes of which nine were never written: a hole.
  await writeFile(join(tree, 'sparse'), 'beginning')
  await truncate(join(tree, 'sparse'), 9 << 20)
  await appendFile(join(tree, 'sparse'), Buffer.alloc(1 << 20, 'x'))
}

/** Mounts all points, copies a file out of the first one with an ordinary tool, and compares it. */
async function copyOutOfMount(
  home: string,
  place: string,
  { tree, before }: { readonly tree: string; readonly before: string },
): Promise<void> {
  const [mount, copy] = [join(place, 'mount'), join(place, 'copied')]
  if (!existsSync('/dev/fuse')) {
    say('\nThis machine has no /dev/fuse, so nothing is mounted here.')
    return
  }
  say('\nAll points are mounted as folders; the file that was deleted is copied out of the first with cp.')
  await mkdir(mount)
  tidemark(home, 'mount', mount, '--background')
  try {
    const [first = ''] = await readdir(join(mount, 'points'))
    const file = join(mount, 'points', first, tree, 'CHANGELOG.md')
    say(`\n$ cp ${file} ${copy}`)
    copyExactly(file, copy)
    const original = await readFile(join(before, 'CHANGELOG.md'))
    if (!original.equals(await readFile(copy))) throw new Error(`${copy} is not what was backed up`)
    say(`  Compared completely: ${original.byteLength} bytes, all the same.`)
  } finally {
    tidemark(home, 'unmount', mount)
  }
}

async function main(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'tidemark-demo-'))
  const home = join(place, 'home')
  const tree = join(place, 'project')
  const before = join(place, 'before')
  const repository = join(place, 'repository')
  try {
    say(`Everything happens in ${place}.`)
    await mkdir(home)
    await writeFile(join(home, 'password'), 'correct horse battery staple\n', { mode: 0o600 })
    await cp(PROJECT, tree, {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      filter: (path) => !LEFT_OUT.includes(relative(PROJECT, path).split(sep)[0] ?? ''),
    })

    say('\nA repository is made. Its recovery code goes into a file, since nobody may be at a terminal to see it.')
    tidemark(home, 'init', '-r', repository, '--recovery-file', join(home, 'recovery-code'))

    say('\nThe first Restoring Point reads and stores everything.')
    tidemark(home, 'backup', tree)

    say('\nA day of work: a file changed, one deleted, some new ones. A copy of the old state is kept to compare with.')
    copyExactly(tree, before)
    await workOn(tree)

    say('\nThe second point reads what changed, and nothing else.')
    tidemark(home, 'backup', tree, '--tag', 'after-work')
    tidemark(home, 'points')
    tidemark(home, 'ls', '-l', `latest:${tree}`)

    say('\nWhat would restoring the new state over the old one do?')
    tidemark(
      home,
      'restore',
      `latest:${tree}`,
      '--target',
      before,
      '--overwrite',
      'if-changed',
      '--delete',
      '--preview',
    )

    say('\nBoth points are restored, each to a folder of its own.')
    for (const [point, original] of [
      ['latest~1', before],
      ['latest', tree],
    ] as const) {
      const target = join(place, `restored-${point}`)
      tidemark(home, 'restore', `${point}:${tree}`, '--target', target, '--verify')
      const { differences, entries, bytes } = await compareTrees(original, target)
      for (const difference of differences.slice(0, 20)) say(`  DIFFERENT: ${difference}`)
      if (differences.length > 0) throw new Error(`${differences.length} differences between ${original} and ${target}`)
      say(`  Compared completely: ${entries} entries, ${bytes} bytes, all the same.`)
    }
    await copyOutOfMount(home, place, { tree, before })
    say('\nEverything that was backed up came back.')
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
