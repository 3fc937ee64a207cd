import { describe, expect, test } from 'vitest'
import { type FileRead, ReadRun } from '../../../fuse/readers/read-run.ts'
import { WantedFiles } from '../../../fuse/readers/wanted-files.ts'

function read(directory: number, row: number, ino: number, reader = 1): FileRead {
  return { reader, directory, row, ino }
}

describe('a run of reads', () => {
  test('is recognised at the third file of a directory, by name or by inode number', () => {
    const names = new ReadRun()
    expect([names.note(read(7, 0, 50)), names.note(read(7, 1, 90))]).toEqual([undefined, undefined])
    expect(names.note(read(7, 2, 20))).toEqual({ directory: 7, row: 2, order: 'names', onlyIfFirst: false })
    const numbers = new ReadRun()
    expect([numbers.note(read(7, 8, 20)), numbers.note(read(7, 3, 50))]).toEqual([undefined, undefined])
    expect(numbers.note(read(7, 5, 90))).toEqual({ directory: 7, row: 5, order: 'numbers', onlyIfFirst: false })
  })

  test('is none in files of different directories, or in no order', () => {
    const run = new ReadRun()
    for (let i = 0; i < 10; i++) expect(run.note(read(i + 1, i, i))).toBeUndefined()
    for (let i = 10; i > 0; i--) expect(run.note(read(50, i, i))).toBeUndefined()
  })

  test('goes on in the next directory, if it begins there with the first file', () => {
    const run = new ReadRun()
    for (let i = 0; i < 3; i++) run.note(read(7, i, 100 - i))
    expect(run.note(read(8, 0, 40))).toEqual({ directory: 8, row: 0, order: 'names', onlyIfFirst: true })
    expect(run.note(read(8, 1, 30))).toBeUndefined()
    expect(run.note(read(8, 2, 20))).toMatchObject({ directory: 8, onlyIfFirst: false })
  })

  test('is none where several read at a time', () => {
    const run = new ReadRun()
    for (let i = 0; i < 10; i++) expect(run.note(read(7, i, i, i % 2))).toBeUndefined()
    for (let i = 10; i < 12; i++) run.note(read(7, i, i, 1))
    expect(run.note(read(7, 12, 12, 1))).toMatchObject({ row: 12 })
    expect(run.note(read(8, 0, 0, 0))).toBeUndefined()
  })

  test('is over after many directories in which no other was seen', () => {
    const run = new ReadRun()
    for (let i = 0; i < 3; i++) run.note(read(7, i, i))
    let directory = 8
    while (run.note(read(directory, 0, 0)) !== undefined && directory < 10_000) directory++
    expect(directory).toBe(8 + 256)
  })
})

describe('files that are wanted', () => {
  const first = { directory: 5, row: 3, order: 'numbers', onlyIfFirst: true } as const
  const second = { directory: 6, row: 0, order: 'names', onlyIfFirst: false } as const

  test('are taken once, the last that were asked for', () => {
    const wanted = WantedFiles.create()
    expect(wanted.take()).toBeUndefined()
    expect([wanted.ask(first), wanted.ask(second)]).toEqual([true, true])
    expect(wanted.take()).toEqual(second)
    expect(wanted.take()).toBeUndefined()
  })

  test('are not asked for while others are being sent', () => {
    const wanted = WantedFiles.create()
    wanted.ask(first)
    const atWork = new WantedFiles(wanted.buffer)
    expect(atWork.take()).toEqual(first)
    expect(wanted.ask(second)).toBe(false)
    atWork.done()
    expect(atWork.take()).toBeUndefined()
    expect(wanted.ask(second)).toBe(true)
  })
})
