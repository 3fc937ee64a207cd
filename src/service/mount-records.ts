import { createHash } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { utf8 } from '../base/bytes.ts'
import { errnoOf } from '../base/errors.ts'
import type { ProcessIdentity } from '../base/process-identity.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const RECORD_BYTES_MAX = 1 << 16
const NAME = /^[0-9a-f]{32}\.json$/

/** What a mount shows, and since when: the list of what is mounted does not tell. */
export interface MountRecord {
  /** An absolute path without symbolic links. */
  readonly mountPoint: string
  /** As the configuration calls it; else its location. */
  readonly repository: string
  /** The id of the one point that it shows; `undefined`: all. */
  readonly point: string | undefined
  /** Milliseconds since 1970. */
  readonly sinceMs: number
  /** What answers it; `undefined` where an earlier version noted it. */
  readonly process: ProcessIdentity | undefined
}

/** Notes in the state directory what a mount of this process shows. The function returned forgets it. */
export function noteMount(stateDirectory: string, record: MountRecord): () => void {
  const name = createHash('sha256').update(record.mountPoint).digest('hex').slice(0, 32)
  const path = join(folderOf(stateDirectory), `${name}.json`)
  writePrivateFile(path, utf8(JSON.stringify(record)))
  return () => rmSync(path, { force: true })
}

/** Returns what was noted, also of mounts whose process ended without a word; by mount point. */
export function readMountRecords(stateDirectory: string): ReadonlyMap<string, MountRecord> {
  const records = new Map<string, MountRecord>()
  for (const name of namesIn(folderOf(stateDirectory))) {
    const record = decode(readPrivateFile(join(folderOf(stateDirectory), name), RECORD_BYTES_MAX))
    if (record !== undefined) records.set(record.mountPoint, record)
  }
  return records
}

function decode(bytes: Uint8Array | undefined): MountRecord | undefined {
  if (bytes === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  const { mountPoint, repository, point, sinceMs, process } =
    typeof value === 'object' && value !== null ? (value as Fields) : {}
  if (typeof mountPoint !== 'string' || typeof repository !== 'string' || typeof sinceMs !== 'number') return undefined
  return {
    mountPoint,
    repository,
    point: typeof point === 'string' ? point : undefined,
    sinceMs,
    process: processIn(process),
  }
}

function processIn(value: unknown): ProcessIdentity | undefined {
  const { pid, started } = typeof value === 'object' && value !== null ? (value as Fields) : {}
  return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof started === 'string'
    ? { pid: Number(pid), started }
    : undefined
}

type Fields = Readonly<Record<string, unknown>>

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => NAME.test(name))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

function folderOf(stateDirectory: string): string {
  return join(stateDirectory, 'mounts')
}
