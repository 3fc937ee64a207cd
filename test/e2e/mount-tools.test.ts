import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliMount, run } from '../support/cli-mount.ts'
import { type CliPlace, sharedPlace } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'

const PROJECT = join(import.meta.dirname, '../..')
const FILES = 500

/** Backs up a checkout with a history of its own, made of this project's tests. */
const shared = sharedPlace(async (place) => {
  const { source } = place
  expect(run('cp', ['-a', join(PROJECT, 'test', 'cli'), join(PROJECT, 'test', 'vectors'), source]).code).toBe(0)
  mkdirSync(join(source, 'big'))
  for (let i = 0; i < FILES; i++) writeFileSync(join(source, 'big', `file ${i}`), `number ${i}\n`)
  symlinkSync('big', join(source, 'link'))
  const git = (...words: string[]): void => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
    expect(run('git', ['-C', source, ...identity, ...words])).toMatchObject({ code: 0 })
  }
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'all of it')
  await place.init()
  await place.succeed(['backup', source])
})

async function mountedCheckout(): Promise<{ place: CliPlace; mount: CliMount; tree: string }> {
  const place = shared()
  const mount = await CliMount.open(place)
  return { place, mount, tree: mount.path('latest', place.source) }
}

fuseTest('ordinary tools find in a mount what was backed up', async () => {
  const { place, mount, tree } = await mountedCheckout()
  const { source } = place
  expect(run('diff', ['-r', source, tree])).toEqual({ code: 0, text: '' })
  const found = (folder: string): string[] => run('grep', ['-rlF', 'number 17', folder]).text.split('\n').sort()
  expect(found(tree).map((path) => path.slice(tree.length))).toEqual(
    found(source).map((path) => path.slice(source.length)),
  )
  for (const copy of [
    (to: string) => run('cp', ['-a', tree, to]),
    (to: string) =>
      run('sh', ['-c', 'mkdir "$2" && tar -C "$1" --format=posix -cf - . | tar -C "$2" -xpf -', 'sh', tree, to]),
  ]) {
    const target = join(place.folder, 'copy')
    expect(copy(target)).toEqual({ code: 0, text: '' })
    expect(await compareTrees(source, target)).toMatchObject({ differences: [] })
    rmSync(target, { recursive: true })
  }
  const rsync = ['-n', '-i', '--checksum', '--delete', '-aHAX', `${tree}/`, `${source}/`]
  expect(run('rsync', rsync)).toEqual({ code: 0, text: '' })
  expect((await mount.end()).code).toBe(0)
})

fuseTest('a checkout that is mounted is a clean one, and nothing can be written', async () => {
  const { mount, tree } = await mountedCheckout()
  const status = ['-c', `safe.directory=${tree}`, '--no-optional-locks', '-C', tree, 'status', '--porcelain']
  expect(run('git', status)).toEqual({ code: 0, text: '' })
  expect(run('git', ['-c', `safe.directory=${tree}`, '-C', tree, 'log', '--format=%s']).text).toBe('all of it\n')
  const writing: [string, string[]][] = [
    ['touch', [join(tree, 'new')]],
    ['rm', [join(tree, 'big', 'file 1')]],
    ['mkdir', [mount.path('points', 'x')]],
    ['chmod', ['700', tree]],
    ['mv', [join(tree, 'big'), join(tree, 'small')]],
  ]
  for (const [tool, words] of writing) {
    const { code, text } = run(tool, words)
    expect(code).not.toBe(0)
    expect(text).toMatch(/Read-only file system/)
  }
})

fuseTest(
  'what a file manager looks for and does not find, and where a link leads, is not asked for twice',
  async () => {
    const mounted = await mountedCheckout()
    const { mount } = mounted
    // Where `latest` leads is asked for each time, so that it follows new points.
    const tree = realpathSync(mounted.tree)
    const looked = ['.hidden', '.Trash', '.Trash-0', '.directory', 'desktop.ini', '.xdg-volume-info', 'autorun.inf']
    const look = (): void => {
      for (const folder of ['.', 'big']) {
        for (const name of looked) expect(run('timeout', ['10', 'stat', join(folder, name)]).code).toBe(1)
      }
      expect(run('timeout', ['10', 'readlink', 'link'])).toEqual({ code: 0, text: 'big\n' })
    }
    // The names of points above are asked for anew after a second: from inside, nobody asks for them.
    const before = process.cwd()
    process.chdir(tree)
    onTestFinished(() => process.chdir(before))
    look()
    // With thumbnails: every file's beginning is read.
    expect(run('sh', ['-c', 'head -qc 1 "$1"/* | wc -c', 'sh', join(tree, 'big')]).text.trim()).toBe(String(FILES))
    // A process that stands still answers nothing.
    mount.process.kill('SIGSTOP')
    try {
      look()
    } finally {
      mount.process.kill('SIGCONT')
    }
  },
)
