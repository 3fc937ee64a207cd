import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import { utf8 } from '../base/bytes.ts'
import { PROBE_CHECKS, type ProbeReport } from '../storage/probe.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { storeTestFile, storeTestsFolder } from './store-test-file.ts'

/** Stores change: what was tried out longer ago says nothing any more. */
const KEPT_MS = 30 * 86_400_000
const FILE_BYTES_MAX = 1 << 16

/** Of eight puts at once against eight in turn. */
const SPEEDUP_MANY = 6
const SPEEDUP_FEW = 1.5
const CONNECTIONS_MANY = 16
const CONNECTIONS_FEW = 2

/** What `driver test` found out about a store. */
export interface StoreTest {
  readonly url: string
  /** Milliseconds since 1970. */
  readonly testedMs: number
  /** Version of the program that did it. */
  readonly version: string
  /** Without its room, which changes all the time. */
  readonly report: Omit<ProbeReport, 'space'>
}

/** What is remembered of a test. */
export interface RecalledTest extends StoreTest {
  /** How many calls at once suit the store; `undefined` where nothing speaks against what its driver does. */
  readonly connections: number | undefined
}

const figure = z.number().nonnegative().max(1e15)
const schema = z.strictObject({
  format: z.literal(1),
  url: z.string().max(4096),
  testedMs: z.int().nonnegative(),
  version: z.string().max(64),
  checks: z.partialRecord(z.enum(PROBE_CHECKS), z.boolean()),
  exclusivePut: z.boolean(),
  latencyMs: figure,
  uploadRate: figure,
  downloadRate: figure,
  speedupAtOnce: figure,
})

/**
 * Keeps the result of a test for 30 days, in the place of an earlier one of the same store.
 *
 * @throws {StorageError} STORE_FAILED
 */
export async function rememberStoreTest(stateDirectory: string, test: StoreTest): Promise<void> {
  const { url, testedMs, version, report } = test
  const checks = Object.fromEntries(report.checks)
  const kept: z.infer<typeof schema> = { format: 1, url, testedMs, version, checks, ...figuresOf(report) }
  writePrivateFile(storeTestFile(stateDirectory, url), utf8(`${JSON.stringify(kept, undefined, 2)}\n`))
  await forgetOld(stateDirectory, testedMs)
}

/**
 * Returns what was found out about the store at `url`, or `undefined` where that is nothing, was longer than 30 days ago,
 * or is not in the form that this version writes.
 *
 * @throws {StorageError} STORE_FAILED: the file cannot be read.
 */
export function recallStoreTest(stateDirectory: string, url: string, nowMs: number): RecalledTest | undefined {
  const test = readTest(storeTestFile(stateDirectory, url))
  if (test?.url !== url || !isFresh(test, nowMs)) return undefined
  return { ...test, connections: connectionsFor(test.report) }
}

/** Many where eight at once took hardly longer than one, few where they took as long as one after the other. */
function connectionsFor({ speedupAtOnce }: StoreTest['report']): number | undefined {
  if (speedupAtOnce >= SPEEDUP_MANY) return CONNECTIONS_MANY
  return speedupAtOnce < SPEEDUP_FEW ? CONNECTIONS_FEW : undefined
}

function readTest(path: string): StoreTest | undefined {
  const bytes = readPrivateFile(path, FILE_BYTES_MAX)
  if (bytes === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  const { data } = schema.safeParse(value)
  if (data === undefined) return undefined
  const { url, testedMs, version, checks } = data
  const told = PROBE_CHECKS.flatMap((check) => {
    const isProven = checks[check]
    return isProven === undefined ? [] : [[check, isProven] as const]
  })
  return { url, testedMs, version, report: { checks: new Map(told), ...figuresOf(data) } }
}

type Figures = Omit<StoreTest['report'], 'checks'>

function figuresOf({ exclusivePut, latencyMs, uploadRate, downloadRate, speedupAtOnce }: Figures): Figures {
  return { exclusivePut, latencyMs, uploadRate, downloadRate, speedupAtOnce }
}

/** One that is dated in the future was written by another clock. */
function isFresh({ testedMs }: StoreTest, nowMs: number): boolean {
  return testedMs <= nowMs && nowMs - testedMs < KEPT_MS
}

async function forgetOld(stateDirectory: string, nowMs: number): Promise<void> {
  const folder = storeTestsFolder(stateDirectory)
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue
    const path = join(folder, name)
    const test = readTest(path)
    if (test === undefined || !isFresh(test, nowMs)) await rm(path, { force: true })
  }
}
