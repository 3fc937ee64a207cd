import { type ByteString, display } from '../base/byte-string.ts'
import { toHex } from '../base/bytes.ts'
import type { PointDetail } from '../format/records.ts'
import { instanceName, type PointChain } from '../repository/point-chain.ts'
import type { PointInfo } from '../repository/point-info.ts'
import { formatTimestamp } from '../base/format.ts'
import { type JsonPath, jsonPath } from '../base/json-path.ts'

/** A point with what only its sealed detail tells; `undefined` where that cannot be read. */
export interface DetailedPoint {
  readonly info: PointInfo
  readonly detail: PointDetail | undefined
}

/**
 * Returns the name of the instance that made a point. The record that names it stays in its repository: of a point that was
 * copied, the point itself says where and by whom it was made.
 */
export function makerName(points: PointChain, { info, detail }: DetailedPoint): string {
  const isKnown = points.instances.has(info.record.instance)
  return isKnown || detail === undefined ? instanceName(points, info) : `${detail.user}@${detail.host}`
}

/** Returns what a point was made of, as one line. */
export function sourcesText(detail: PointDetail | undefined): string {
  return detail === undefined ? '?' : detail.sources.map((source) => display(source as ByteString)).join(' ')
}

/** Returns a point as `points --json` lists it. */
export function jsonPoint({ info, detail }: DetailedPoint, points: PointChain): Record<string, unknown> {
  const { record, tags } = info
  const { counts } = record
  return {
    point: record.point,
    chain: record.chain,
    sequence: record.sequence,
    type: record.type,
    started: formatTimestamp(record.started),
    finished: formatTimestamp(record.finished),
    instance: record.instance,
    instanceName: makerName(points, { info, detail }),
    parents: record.parents.map(({ point }) => point),
    ...counts,
    bytes: record.bytes,
    bytesStored: record.bytesStored,
    tags,
    suspect: record.tripwire?.suspicions ?? [],
    description: record.description,
    tool: record.tool,
    sources: detail === undefined ? null : detail.sources.map((source) => jsonPath(source as ByteString)),
  }
}

/** Returns a point as `points show --json` describes it: with its parts and what is not in it. */
export function jsonPointDetail(point: DetailedPoint, points: PointChain): Record<string, unknown> {
  const { info, detail } = point
  const { coverage, packs, indexes, parts, replaces } = info.record
  return {
    ...jsonPoint(point, points),
    host: detail?.host ?? null,
    user: detail?.user ?? null,
    parts: parts.map(({ name, source, version }) => ({ name, source, version })),
    replaces: replaces ?? null,
    packs: packs.length,
    indexes: indexes.length,
    coverage: {
      expected: coverage.expected,
      stored: coverage.stored,
      skipped: Object.fromEntries(coverage.skipped),
      unreadable: Object.fromEntries(coverage.unreadable),
    },
    omissions: detail === undefined ? null : detail.omissions.map(jsonOmission),
  }
}

/** Returns a point as the mount shows its record: with all fields of that as they are stored, bytes in hexadecimal. */
export function jsonRecord(point: DetailedPoint, points: PointChain): Record<string, unknown> {
  const { object, record, signer } = point.info
  return { ...jsonPointDetail(point, points), object, signer, record: plainOf(record) }
}

function plainOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof Map) return plainOf(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(plainOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plainOf(field)]))
}

function jsonOmission(omission: PointDetail['omissions'][number]): JsonPath & Record<string, unknown> {
  const { part, path, reason, bytes } = omission
  return { part, ...jsonPath(path as ByteString), reason, bytes: bytes === 0 ? null : bytes }
}
