import { compareTimespec, type Timespec } from '../base/clock.ts'
import type { InstanceId, ObjectId, PointId, RealmId } from '../base/ids.ts'
import type { NoteRecord, PointRecord } from '../format/records.ts'
import type { KnownRecord } from './known-records.ts'

/** A Restoring Point as the repository knows it. */
export interface PointInfo {
  readonly object: ObjectId
  /** Where its blobs are. */
  readonly realm: RealmId
  readonly record: PointRecord
  /** Who signed the record. */
  readonly signer: InstanceId
  /** SHA-512 of the record's inner bytes: what its children name it by. */
  readonly innerHash: Uint8Array
  /** The record's tags as later notes changed them, in alphabetical order. */
  readonly tags: readonly string[]
}

/** Orders points of one chain: by sequence; of several with one, the one that ended last comes last, then by uuid. */
export function compareWithinChain(a: PointInfo, b: PointInfo): number {
  return a.record.sequence - b.record.sequence || compareCreated(a, b)
}

/** Orders points of any chains: by when they were made, then by uuid. */
export function compareCreated(a: PointInfo, b: PointInfo): number {
  return compareTimespec(a.record.finished, b.record.finished) || (a.record.point < b.record.point ? -1 : 1)
}

/** Returns the tags of a point after all notes about it, the oldest note first. */
export function tagsAfter(record: PointRecord, notes: readonly KnownRecord<'notes'>[]): string[] {
  const tags = new Set(record.tags)
  for (const { record: note } of [...notes].sort(compareNotes)) {
    for (const tag of note.removeTags) tags.delete(tag)
    for (const tag of note.addTags) tags.add(tag)
  }
  return [...tags].sort()
}

function compareNotes(a: KnownRecord<'notes'>, b: KnownRecord<'notes'>): number {
  return compareTimespec(a.record.made, b.record.made) || (a.object < b.object ? -1 : 1)
}

/** Groups notes by the point that they are about. */
export function notesByPoint(notes: readonly KnownRecord<'notes'>[]): Map<PointId, KnownRecord<'notes'>[]> {
  const groups = new Map<NoteRecord['point'], KnownRecord<'notes'>[]>()
  for (const note of notes) {
    const group = groups.get(note.record.point)
    if (group === undefined) groups.set(note.record.point, [note])
    else group.push(note)
  }
  return groups
}

/** Digits of a point's uuid in the name of its folder. */
export const FOLDER_ID_DIGITS = 8

/** Returns the name of a point's folder: when it started, in UTC, and the start of its uuid. */
export function pointFolderName({ point, started }: Pick<PointRecord, 'point' | 'started'>): string {
  return `${folderTime(started)}_${point.slice(0, FOLDER_ID_DIGITS)}`
}

/** `2026-01-31T23-59-59Z`: sorts by time, and no system forbids any of it in a name. */
function folderTime({ seconds }: Timespec): string {
  const time = new Date(seconds * 1000)
  if (Number.isNaN(time.getTime())) return 'unknown-time'
  return time
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
}
