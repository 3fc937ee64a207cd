import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { RunHandle, ScanPass, Source } from '../../src/engine/source.ts'

const PART = 'files'

/**
 * An application in a folder: scanned once while it works, and once more, briefly, in maintenance mode; its database
 * comes as a stream.
 */
export function applicationSource(
  folder: string,
  { between = async () => undefined }: { between?: (run: RunHandle) => Promise<void> } = {},
): Source {
  const marker = join(folder, '.maintenance')
  const scan: ScanPass = {
    kind: 'scan',
    roots: [byteStringOf(folder)],
    rules: { patterns: ['.maintenance'], excludeCaches: false, excludeIfPresent: [] },
    crossFilesystems: false,
  }
  async function* dump(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('CREATE TABLE a;\n')
    yield Buffer.from('INSERT INTO a;\n'.repeat(100_000))
  }
  return {
    kind: 'application',
    identity: [folder],
    labels: [byteStringOf(folder)],
    journal: { folder },
    read: async (run) => {
      await run.pass(PART, scan)
      writeFileSync(marker, '')
      await between(run)
      await run.pass(PART, scan)
      await run.pass('database', { kind: 'stream', path: byteStringOf('/dump.sql'), open: dump })
    },
    settle: async () => rmSync(marker, { force: true }),
  }
}
