import { beforeAll, describe, expect, test } from 'vitest'
import type { Timespec } from '../../src/base/clock.ts'
import type { ChainId, PointId } from '../../src/base/ids.ts'
import { PointChain } from '../../src/repository/point-chain.ts'
import { pointFolderName } from '../../src/repository/point-info.ts'
import { namedTime } from '../../src/repository/point-time.ts'
import { resolvePoint, type ResolveOptions } from '../../src/repository/resolve-point.ts'
import { TinyRepository } from '../support/tiny-repository.ts'

const chainA = 'aa'.repeat(16) as ChainId
const chainB = 'bb'.repeat(16) as ChainId
let tiny: TinyRepository
let points: PointChain
const id = (digits: string): PointId => digits.padEnd(32, '0') as PointId

/** Started at this UTC time, and ended a minute later. */
const times = (iso: string): { started: Timespec; finished: Timespec } => {
  const at = { seconds: Date.parse(iso) / 1000, nanoseconds: 500_000_000 }
  return { started: at, finished: { ...at, seconds: at.seconds + 60 } }
}

beforeAll(async () => {
  tiny = await TinyRepository.create()
  const first = await tiny.putPoint({ point: id('abcd1'), chain: chainA, ...times('2026-01-10T10:00:00Z') })
  const second = await tiny.putPoint({ point: id('abcd2'), after: [first], ...times('2026-01-11T10:00:00Z') })
  await tiny.putPoint({ point: id('ff00'), after: [second], ...times('2026-01-12T10:00:00Z') })
  const other = await tiny.newInstance('other')
  await tiny.putPoint({ point: id('1234'), chain: chainB, ...times('2026-01-13T10:00:00Z') }, other)
  points = await PointChain.load({ repository: tiny.id, records: tiny.records, ring: tiny.ring })
})

function resolve(spec: string, options: ResolveOptions = { instance: tiny.instance.id }): string {
  return resolvePoint(points, spec, options).record.point
}

/** Returns what matches the error that names these points, in this order. */
function ambiguous(...points: string[]): unknown {
  const named = (point: string): unknown => expect.objectContaining({ point: id(point) })
  const candidates = points.map((point): unknown => expect.objectContaining({ record: named(point) }))
  return expect.objectContaining({ code: 'AMBIGUOUS_POINT', candidates })
}

describe('ids', () => {
  test('a uuid names its point, with dashes and in capitals too', () => {
    expect(resolve(id('abcd2'))).toBe(id('abcd2'))
    expect(resolve('ABCD2000-0000-0000-0000-000000000000')).toBe(id('abcd2'))
  })
  test('a prefix of four digits names a point of any chain when it is unique', () => {
    expect(resolve('ff00')).toBe(id('ff00'))
    expect(resolve('1234')).toBe(id('1234'))
    expect(resolve('abcd1')).toBe(id('abcd1'))
  })
  test('a prefix of several points lists them', () => {
    expect(() => resolve('abcd')).toThrow(ambiguous('abcd1', 'abcd2'))
  })
  test.each(['ff0', 'eeee', 'nonsense', '', 'latest~', 'latest~x', 'g'.repeat(32)])('%j names nothing', (spec) => {
    expect(() => resolve(spec)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_POINT', hint: 'See `tidemark points`.' }),
    )
  })
  test.each([
    ['ff0', 'at least 4 digits'],
    ['2026-02-30', 'no such day'],
  ])('of %s is told what is wrong with it', (spec, reason) => {
    expect(() => resolve(spec)).toThrow(reason)
  })
  test('the name of a folder names its point, and no other time does', () => {
    const { record } = points.get(id('ff00'))!
    expect(pointFolderName(record)).toBe('2026-01-12T10-00-00Z_ff000000')
    expect(resolve(pointFolderName(record))).toBe(id('ff00'))
    expect(() => resolve('2026-01-11T10-00-00Z_ff000000')).toThrow(expect.objectContaining({ code: 'UNKNOWN_POINT' }))
  })
})

describe('latest', () => {
  test("is of this instance's chain, and counts back", () => {
    expect(resolve('latest')).toBe(id('ff00'))
    expect(resolve('latest~0')).toBe(id('ff00'))
    expect(resolve('latest~2')).toBe(id('abcd1'))
    expect(() => resolve('latest~3')).toThrow(expect.objectContaining({ code: 'UNKNOWN_POINT' }))
  })
  test('is ambiguous for an instance without a chain when there are several, and --chain chooses', () => {
    expect(() => resolve('latest', {})).toThrow(ambiguous('ff00', '1234'))
    expect(resolve('latest', { chain: chainB })).toBe(id('1234'))
    expect(resolve('latest', { accepts: ({ chain }) => chain === chainB })).toBe(id('1234'))
  })
  test('names nothing where there are no points', async () => {
    const empty = await TinyRepository.create({ seed: 'empty' })
    const none = await PointChain.load({ repository: empty.id, records: empty.records, ring: empty.ring })
    expect(() => resolvePoint(none, 'latest')).toThrow(expect.objectContaining({ code: 'UNKNOWN_POINT' }))
  })
})

describe('times', () => {
  test.each([
    ['2026-01-11T10:00:00Z', 'abcd2'],
    ['2026-01-11 09:59:59Z', 'abcd1'],
    ['2026-01-11T11:00:00+01:00', 'abcd2'],
    ['2026-01-11T10:59:59+01:00', 'abcd1'],
    ['2026-01-11T10:00Z', 'abcd2'],
    ['2026-01-11T10:00:00.400Z', 'abcd1'],
    ['2026-01-11T10:00:00.500Z', 'abcd2'],
    ['2030-01-01', 'ff00'],
  ])('%s is the last point not after it', (spec, point) => {
    expect(resolve(spec)).toBe(id(point))
  })
  test('before all points there is none', () => {
    expect(() => resolve('2020-01-01')).toThrow(expect.objectContaining({ code: 'UNKNOWN_POINT' }))
  })
  test('without a zone a time is local, and a day lasts until its end', () => {
    const tomorrowMs = new Date(2026, 1, 1).getTime()
    expect(namedTime('2026-01-31')).toEqual({ startMs: new Date(2026, 0, 31).getTime(), endMs: tomorrowMs - 1 })
    expect(namedTime('2026-01-31T23:59')).toEqual({ startMs: tomorrowMs - 60_000, endMs: tomorrowMs - 1 })
    const startMs = new Date(2026, 0, 31, 12, 30, 15).getTime()
    expect(namedTime('2026-01-31 12:30:15')).toEqual({ startMs, endMs: startMs + 999 })
    expect(namedTime('2026-01-31 12:30:15.25')).toEqual({ startMs: startMs + 250, endMs: startMs + 250 })
  })
  test.each(['2026-02-31', '2026-13-01', '2026-01-01T24:00', '2026-01-01T10:60', '2026-1-1', '2026-01-01Z'])(
    '%s is no time',
    (text) => expect(namedTime(text)).toBeUndefined(),
  )
})
