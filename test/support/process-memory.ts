import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const PAGE_BYTES = 4096
/** Of pagemap: the page is in memory, or in swap. */
const IS_KEPT = 0b11n << 62n

/** A place in the memory of a process. */
export interface MemoryPlace {
  readonly address: number
  /** What the process itself may do there, as /proc/PID/maps tells: `---p` is nothing at all. */
  readonly access: string
}

/**
 * Returns where `needle` lies in the memory of a process, in all that it ever wrote to, whatever it may do with that now.
 *
 * For whoever may trace the process: root, or its parent.
 * @see proc_pid_mem(5), proc_pid_pagemap(5)
 */
export function placesInMemory(pid: number, needle: Uint8Array): readonly MemoryPlace[] {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const pages = openSync(`/proc/${pid}/pagemap`, 'r')
  try {
    return keptMappings(pid).flatMap(({ from, to, access }) =>
      keptRuns(pages, from, to).flatMap(([start, end]) => {
        const bytes = read(memory, start, end - start)
        return placesIn(bytes, needle).map((at) => ({ address: start + at, access }))
      }),
    )
  } finally {
    closeSync(memory)
    closeSync(pages)
  }
}

interface Mapping {
  readonly from: number
  readonly to: number
  readonly access: string
}

/** Mappings of which anything is kept: reservations of many gigabytes are not. */
function keptMappings(pid: number): Mapping[] {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  return blocks.flatMap((block) => {
    const [, from = '', to = '', access = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4})/.exec(block) ?? []
    const isKept = /^(?:Rss|Swap): +[1-9]/m.test(block)
    return isKept && !/\[v(?:var|syscall)/.test(block)
      ? [{ from: parseInt(from, 16), to: parseInt(to, 16), access }]
      : []
  })
}

/** Pages that are kept, as many at once as follow each other. */
function keptRuns(pages: number, from: number, to: number): [start: number, end: number][] {
  const entries = read(pages, (from / PAGE_BYTES) * 8, ((to - from) / PAGE_BYTES) * 8)
  const runs: [number, number][] = []
  for (let at = 0; at < entries.byteLength; at += 8) {
    if ((entries.readBigUInt64LE(at) & IS_KEPT) === 0n) continue
    const start = from + (at / 8) * PAGE_BYTES
    const last = runs.at(-1)
    if (last?.[1] === start) last[1] += PAGE_BYTES
    else runs.push([start, start + PAGE_BYTES])
  }
  return runs
}

/** Reads what can be read: the process goes on, and gives memory back meanwhile. */
function read(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let filled = 0
  try {
    while (filled < length) {
      const count = readSync(file, bytes, filled, length - filled, position + filled)
      if (count === 0) break
      filled += count
    }
  } catch {
    // EIO: from here on it is gone.
  }
  return bytes.subarray(0, filled)
}

function placesIn(bytes: Buffer, needle: Uint8Array): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) places.push(at)
  return places
}
