import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Dice } from './dice.ts'
import type { DiskEvent } from './disk-log.ts'

/** A name in a folder: what of it is durable, and what has happened to it since. */
interface Name {
  durable: Entry
  readonly since: Entry[]
}

type Entry = { readonly file: number } | 'folder' | 'nothing'

interface FileContent {
  readonly written: Uint8Array[]
  /** How many of the writes are durable. */
  synced: number
}

/** Makes of a log what a disk holds that lost its power after it: what was synced, and of the rest whatever it likes. */
export class CrashState {
  readonly #names = new Map<string, Name>()
  readonly #files = new Map<number, FileContent>()

  constructor(events: readonly DiskEvent[]) {
    for (const event of events) this.#take(event)
  }

  /** Writes the state below `to`, as if it were `root`. */
  write(root: string, to: string, dice: Dice): void {
    const made = new Map<number, string>()
    const kept = [...this.#names].map(([path, name]) => [path, survivor(name, dice)] as const)
    for (const [path, entry] of kept.sort(([a], [b]) => a.length - b.length)) {
      const target = join(to, relative(root, path))
      // A folder that was lost takes with it what lay in it.
      if (entry === 'nothing' || !existsSync(dirname(target))) continue
      if (entry === 'folder') {
        mkdirSync(target)
        continue
      }
      const other = made.get(entry.file)
      if (other !== undefined) {
        linkSync(other, target)
        continue
      }
      writeFileSync(target, this.#content(entry.file, dice), { mode: 0o400 })
      made.set(entry.file, target)
    }
  }

  #take(event: DiskEvent): void {
    switch (event.kind) {
      case 'create':
        this.#files.set(event.file, { written: [], synced: 0 })
        this.#name(event.path).since.push({ file: event.file })
        return
      case 'write':
        this.#files.get(event.file)?.written.push(event.bytes)
        return
      case 'sync': {
        const file = this.#files.get(event.file)
        if (file !== undefined) file.synced = file.written.length
        return
      }
      case 'folder':
        this.#name(event.path).since.push('folder')
        return
      case 'link':
        this.#name(event.path).since.push(latest(this.#name(event.from)))
        return
      case 'unlink':
        this.#name(event.path).since.push('nothing')
        return
      case 'sync-folder':
        for (const [path, name] of this.#names) {
          if (dirname(path) !== event.path) continue
          name.durable = latest(name)
          name.since.length = 0
        }
        return
      case 'note':
    }
  }

  #name(path: string): Name {
    let name = this.#names.get(path)
    if (name === undefined) this.#names.set(path, (name = { durable: 'nothing', since: [] }))
    return name
  }

  /** What was not synced is lost, or torn where a sector or a page ends: short, or with zeros behind. */
  #content(file: number, dice: Dice): Uint8Array {
    const { written, synced } = this.#files.get(file) ?? { written: [], synced: 0 }
    const whole = Buffer.concat(written)
    const durable = written.slice(0, synced).reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (durable === whole.byteLength) return whole
    const unit = dice.pick([512, 4096])
    const arrived = Math.max(durable, Math.floor((dice.fraction() * whole.byteLength) / unit) * unit)
    if (dice.chance(0.5)) return whole.subarray(0, arrived)
    return Buffer.concat([whole.subarray(0, arrived)], whole.byteLength)
  }
}

function latest({ durable, since }: Name): Entry {
  return since.at(-1) ?? durable
}

/** Changes of one name reach the disk in their order, as many as it likes; those of different names in any. */
function survivor({ durable, since }: Name, dice: Dice): Entry {
  return since[dice.below(since.length + 1) - 1] ?? durable
}
