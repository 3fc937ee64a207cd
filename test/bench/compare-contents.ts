import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Throws at the first name, link or byte in which `actual` is not what `expected` is. */
export function compareContents(expected: string, actual: string): void {
  const entries = readdirSync(expected, { withFileTypes: true })
  const restored = new Set(readdirSync(actual))
  if (restored.size !== entries.length) {
    throw new Error(`${actual} has ${restored.size} entries after restore, where ${expected} has ${entries.length}`)
  }
  for (const entry of entries) {
    const [one, other] = [join(expected, entry.name), join(actual, entry.name)]
    if (!restored.has(entry.name)) throw new Error(`${other} is missing after restore`)
    if (entry.isDirectory()) compareContents(one, other)
    else if (entry.isSymbolicLink()) {
      if (readlinkSync(one) !== readlinkSync(other)) throw new Error(`${other} leads elsewhere after restore`)
    } else if (!readFileSync(one).equals(readFileSync(other))) {
      throw new Error(`${other} has other bytes after restore`)
    }
  }
}

/** Compares `source` with what was restored into `target`: some tools restore the whole path below it. */
export function compareRestored(source: string, target: string): void {
  const below = join(target, source)
  compareContents(source, existsSync(below) ? below : target)
}
