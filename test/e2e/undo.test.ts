import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { CliPlace, eventsOf, summaryOf } from '../support/cli.ts'

/** A place with a point of two files, one of which was edited since while the other went and a third came. */
class UndoPlace extends CliPlace {
  async prepare(): Promise<void> {
    writeFileSync(this.at('a'), 'from the point')
    writeFileSync(this.at('b'), 'b')
    await this.init()
    await this.succeed(['backup', this.source])
    writeFileSync(this.at('a'), 'mine, and longer than it was')
    rmSync(this.at('b'))
    writeFileSync(this.at('stranger'), 'not in the point')
  }

  get words(): string[] {
    const how = ['--in-place', '--overwrite', 'if-changed', '--delete', '--yes', '--json']
    return ['restore', `latest:${this.source}`, ...how]
  }

  at(name: string): string {
    return join(this.source, name)
  }

  expectMine(): void {
    expect(readFileSync(this.at('a'), 'utf8')).toBe('mine, and longer than it was')
    expect(existsSync(this.at('b'))).toBe(false)
    expect(readFileSync(this.at('stranger'), 'utf8')).toBe('not in the point')
  }
}

test('undo takes a restore back after a preview, and latest stays the backup', async () => {
  const place = new UndoPlace()
  await place.prepare()
  const { undo } = summaryOf((await place.succeed(place.words)).stdout) as { undo: string }
  expect(existsSync(place.at('stranger'))).toBe(false)
  const preview = eventsOf((await place.succeed(['undo', '--preview', '--json'])).stdout)
  expect(preview).toContainEqual(expect.objectContaining({ type: 'item', action: 'delete', path: place.at('b') }))
  expect(readFileSync(place.at('a'), 'utf8')).toBe('from the point')
  for (const [words, message] of [
    [['undo'], 'nobody is there to confirm'],
    [['undo', 'nosuch'], 'there is no point "nosuch"'],
  ] as const) {
    expect(await place.run(words)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string })
  }
  const { stdout, stderr } = await place.succeed(['undo', '--yes'])
  expect(stderr).toContain(place.source)
  expect(stdout).toContain('`tidemark undo` takes it back')
  place.expectMine()
  expect((await place.succeed(['ls', `latest:${place.source}`])).stdout).not.toContain('stranger')
  expect((await place.succeed(['cat', `${undo}:${place.at('stranger')}`])).stdout).toBe('not in the point')
})

test('with --no-undo, and into an empty folder without --undo, there is nothing to undo', async () => {
  const place = new UndoPlace()
  await place.prepare()
  const empty = join(place.folder, 'empty')
  mkdirSync(empty)
  const into = (more: string[]): string[] => ['restore', 'latest', '--target', empty, '--json', ...more]
  expect(summaryOf((await place.succeed(into([]))).stdout)).toMatchObject({ undo: null })
  expect(summaryOf((await place.succeed([...place.words, '--no-undo'])).stdout)).toMatchObject({ undo: null })
  const { code, stderr } = await place.run(['undo', '--yes'])
  expect(code).toBe(2)
  expect(stderr).toContain('nothing to undo')
  rmSync(empty, { recursive: true })
  expect(summaryOf((await place.succeed(into(['--undo']))).stdout)).toMatchObject({
    undo: expect.any(String) as string,
  })
  expect(readdirSync(empty)).not.toEqual([])
  await place.succeed(['undo', '--yes'])
  expect(readdirSync(empty)).toEqual([])
})

test('a restore that only creates goes on where the repository takes nothing, and says that undo will not know of it', async () => {
  const place = new UndoPlace()
  await place.prepare()
  rmSync(place.at('a'))
  // Nothing can be made in a file.
  renameSync(join(place.repository, 'runs'), join(place.folder, 'runs'))
  writeFileSync(join(place.repository, 'runs'), '')
  const words = ['restore', `latest:${place.source}`, '--in-place', '--json']
  const { stdout } = await place.succeed(words)
  expect(readFileSync(place.at('a'), 'utf8')).toBe('from the point')
  expect(summaryOf(stdout)).toMatchObject({ undo: null })
  expect(eventsOf(stdout)).toContainEqual(
    expect.objectContaining({ type: 'warning', message: expect.stringContaining('undo') as string }),
  )
})

test('a run that sees most files gone says so with exit code 0, and the point is acknowledged by name', async () => {
  const place = new CliPlace()
  for (let i = 0; i < 50; i++) writeFileSync(join(place.source, `${i}`), `file ${i}`)
  await place.init()
  await place.succeed(['backup', place.source])
  for (let i = 0; i < 40; i++) rmSync(join(place.source, `${i}`))
  const { stdout } = await place.succeed(['backup', place.source, '--json'])
  const suspect = [{ reason: 'fewer-files', usual: 50, found: 10 }]
  expect(summaryOf(stdout)).toMatchObject({ suspect })
  expect(eventsOf(stdout).filter(({ type }) => type === 'warning')).toHaveLength(1)
  const points = JSON.parse((await place.succeed(['points', '--tag', 'suspect', '--json'])).stdout) as unknown[]
  expect(points).toMatchObject([{ suspect, tags: ['suspect'] }])
  expect((await place.run(['forget', 'latest~1'])).code).toBe(2)
  expect((await place.succeed(['points', 'show', 'latest'])).stdout).toContain('10 files where there usually are 50')
  await place.succeed(['points', 'acknowledge', 'latest'])
  expect((await place.run(['points', 'acknowledge', 'latest'])).code).toBe(2)
  await place.succeed(['forget', 'latest~1'])
})
