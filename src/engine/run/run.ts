import { lstatSync } from 'node:fs'
import { present } from '../../base/assert.ts'
import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { type Timespec, timespecOfMs } from '../../base/clock.ts'
import { RunError, SourceError, TidemarkError } from '../../base/errors.ts'
import type { FileEntry, TreeEntry } from '../../format/tree.ts'
import type { BackupEvents, BackupOptions } from '../backup-types.ts'
import { Coverage } from '../backup/coverage.ts'
import { DirectoryPass } from '../backup/directory-pass.ts'
import { DamagedBase } from '../backup/tree-builder.ts'
import { PassProgress } from '../backup/pass-progress.ts'
import { storeStream } from '../backup/stream-content.ts'
import { compileExcludes } from '../scan/exclude-filter.ts'
import type { EntryTable } from '../scan/entry-table.ts'
import type { SkipMap } from '../scan/scan-options.ts'
import type { ChangesPass, Pass, RunHandle, ScanPass, Source, StreamPass } from '../source.ts'
import { systemScheduler } from '../../repository/run-object.ts'
import { graft, type Grafts, plainAttributes } from '../trees/graft.ts'
import { baseFromTrees } from './base-from-trees.ts'
import { type Base, type Bases, readBases, readTable, skipsOf, sourceKey } from './bases.ts'
import { entryAt } from './entry-at.ts'
import { graftedCounts, parentTrees } from './grafted-counts.ts'
import { doubtNewMarks, RepeatedLook } from './new-marks.ts'
import { type OpenedRun, openRun } from './opened-run.ts'
import type { BackupContext } from './run-context.ts'
import { RunStore } from './run-store.ts'
import type { RunListing } from './store-lists.ts'
import { countEntries, type PartCounts } from './table-counts.ts'

/** How often files of a list of changes may vanish under the scan of the others. */
const UPSERT_ATTEMPTS_MAX = 5
/** How often it is told how far a run is while nothing is read. */
const TELL_MS = 1000

/** What a run holds of a part so far. */
export interface RunPart {
  readonly name: string
  /** Ids of the trees of its root directory. */
  readonly trees: Uint8Array
  readonly counts: PartCounts
  /** What the last scan into it saw. */
  readonly scan: PartScan | undefined
}

export interface PartScan {
  readonly table: EntryTable
  /** Under what name the local cache holds this very table already. */
  readonly kept: string | undefined
  readonly rules: string
  readonly skips: SkipMap
}

export interface RunOptions {
  readonly source: Source
  readonly backup: BackupOptions
  readonly events: BackupEvents
  readonly signal: AbortSignal
}

/** The base that a scan began with is not the one of the chain's last point: it must begin again. */
class WrongBase extends Error {}

/** One execution of a writer: any number of passes into named parts, then one commit. Used once. */
export class Run implements RunHandle {
  readonly parts = new Map<string, RunPart>()
  readonly coverage: Coverage
  readonly progress: PassProgress
  readonly startedMs: number
  readonly started: Timespec
  readonly bases: Bases | undefined
  readonly signal: AbortSignal
  readonly opened: Promise<OpenedRun>
  readonly #context: BackupContext
  readonly #options: RunOptions
  /** Whether it has said again that it is there: from then on, marks that it saw when it began are too old to go by. */
  #wasRenewed = false
  readonly #looking = new RepeatedLook(async () => this.#lookAtMarks())
  #store: Promise<RunStore> | undefined
  #openStoreNow: RunStore | undefined
  #stopTelling: (() => void) | undefined

  constructor(context: BackupContext, options: RunOptions) {
    this.#context = context
    this.#options = options
    this.signal = options.signal
    this.startedMs = context.clock.nowMs()
    this.started = timespecOfMs(this.startedMs)
    this.coverage = new Coverage(options.events)
    this.progress = new PassProgress(options.events, context.clock, () => ({
      bytesStored: this.#openStoreNow?.stored.bytes ?? 0,
      bytesWaiting: this.#openStoreNow?.bytesWaiting ?? 0,
    }))
    this.bases = readBases(context.cache, sourceKey(options.source))
    // Threads take as long to get ready as it takes to find what has changed. Where all is new, there is work for all.
    if (this.bases === undefined && !options.backup.dryRun) context.workers.warm()
    this.opened = context.repository.then((repository) =>
      openRun({
        repository,
        source: options.source,
        bases: this.bases,
        dryRun: options.backup.dryRun,
        clock: context.clock,
        randomness: context.randomness,
        scheduler: context.scheduler,
        warning: (message) => options.events.warning?.(message),
        onRenewed: () => {
          this.#wasRenewed = true
          void this.#looking.again()
        },
      }),
    )
    // Whoever awaits it gets the error; until then it must not end the process.
    this.opened.catch(() => undefined)
  }

  async pass(part: string, pass: Pass): Promise<void> {
    this.signal.throwIfAborted()
    this.coverage.enter(part)
    switch (pass.kind) {
      case 'scan':
        return this.#scan(part, pass)
      case 'stream':
        return this.#stream(part, pass)
      case 'changes':
        return this.#change(part, pass)
    }
  }

  /** Where new blobs go; made on first use, because a run without changes needs none. */
  store(): Promise<RunStore> {
    return (this.#store ??= this.#openStore())
  }

  /** The store if anything was stored. */
  get usedStore(): Promise<RunStore> | undefined {
    return this.#store
  }

  /** Lets threads and keys go. */
  async close(): Promise<void> {
    this.#stopTelling?.()
    await this.#store?.then(
      (store) => store.close(),
      () => undefined,
    )
  }

  /** From now on, nothing is relied on that was marked meanwhile. */
  async #lookAtMarks(): Promise<void> {
    try {
      const index = await this.#openStoreNow?.loadedIndex
      if (index !== undefined) await doubtNewMarks(await this.opened, index)
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      this.#options.events.warning?.(`marks could not be looked at again: ${error.message}`)
    }
  }

  async #openStore(): Promise<RunStore> {
    const { repository, listed: seen } = await this.opened
    const { workers, clock, randomness, scheduler = systemScheduler, flushBytes } = this.#context
    const listed = (): RunListing | undefined => (this.#wasRenewed ? undefined : seen)
    const store = new RunStore({ repository, workers, clock, randomness, flushBytes, listed })
    this.#stopTelling = scheduler.every(TELL_MS, () => this.progress.tellAgain())
    return (this.#openStoreNow = store)
  }

  async #scan(part: string, pass: ScanPass): Promise<void> {
    if (pass.bare !== undefined) return this.#scanFrom(part, pass, undefined)
    const earlier = this.parts.get(part)?.scan
    if (earlier !== undefined) {
      // What the earlier pass wrote must be readable to be taken over.
      await (await this.#store)?.publishTrees()
      await this.#scanFrom(part, pass, earlier)
      return
    }
    const guess = this.#localBase(
      this.bases?.bases.find(({ role }) => role === 'current-state'),
      part,
    )
    if (guess === undefined) return this.#scanFrom(part, pass, await this.#baseOf(part))
    try {
      await this.#scanGuessing(part, pass, guess)
    } catch (error) {
      if (!(error instanceof WrongBase)) throw error
      await this.#scanFrom(part, pass, await this.#baseOf(part))
    }
  }

  /** Scans against the base that is most likely the right one, while the repository is still being opened. */
  async #scanGuessing(part: string, pass: ScanPass, guess: KnownBase): Promise<void> {
    const wrong = new AbortController()
    const checked = this.opened.then((opened) => {
      const isRight = opened.base !== undefined && opened.base.role === 'current-state' && opened.isBaseKept
      if (isRight) return
      wrong.abort(new WrongBase())
      throw new WrongBase()
    })
    checked.catch(() => undefined)
    const coverage = this.coverage.apart()
    await this.#scanFrom(part, pass, guess, {
      coverage,
      signal: AbortSignal.any([this.signal, wrong.signal]),
      store: () => checked.then(() => this.store()),
    })
    await checked
    this.coverage.adopt(coverage)
  }

  async #scanFrom(
    part: string,
    pass: ScanPass,
    base: KnownBase | undefined,
    other: { coverage?: Coverage; signal?: AbortSignal; store?: () => Promise<RunStore> } = {},
  ): Promise<void> {
    const filter = compileExcludes(pass.rules)
    const rules = `${filter.digest}:${pass.crossFilesystems}`
    const full = this.#options.backup.full
    const { coverage = this.coverage, signal = this.signal, store = () => this.store() } = other
    const scan = new DirectoryPass({
      dryRun: this.#options.backup.dryRun,
      roots: pass.roots,
      bare: pass.bare,
      filter,
      crossFilesystems: pass.crossFilesystems,
      leaveOut: this.#context.leaveOut ?? [],
      mountedPoints: this.#context.mountedPoints,
      base: base?.table,
      trustListings: base?.rules === rules && !full,
      baseSkips: base?.skips,
      startedMs: this.#context.clock.nowMs(),
      full,
      prepare: () => this.#context.workers.warm(1),
      store,
      mustLookUp: base?.mustLookUp === true,
      coverage,
      progress: this.progress,
      signal,
    })
    try {
      const trees = await scan.run()
      const counts = countEntries(scan.scanner, base?.table)
      const table = scan.base()
      const kept = table === base?.table ? base.kept : undefined
      this.parts.set(part, { name: part, trees, counts, scan: { table, kept, rules, skips: scan.scanner.skips } })
    } catch (error) {
      if (!(error instanceof DamagedBase) || base === undefined) throw error
      await scan.settle()
      this.#options.events.warning?.(
        'trees of the last point are damaged: all of them are looked at, and stored again where needed',
      )
      await this.#scanFrom(part, pass, { ...base, mustLookUp: true }, other)
    } finally {
      await scan.settle()
    }
  }

  /** What is known of a part of the parent point: kept here, or made out of its trees. */
  async #baseOf(part: string): Promise<KnownBase | undefined> {
    const { base, parent, isBaseKept, repository } = await this.opened
    const local = this.#localBase(base, part)
    if (local !== undefined) return { ...local, mustLookUp: !isBaseKept }
    const record = parent?.record.parts.find(({ name }) => name === part)
    // Trees do not open with a backup-only key: then all is read again, and nothing stored twice.
    if (record === undefined || !repository.keyRing.full) return undefined
    const store = await this.store()
    const index = await store.index()
    let unreadable = 0
    const table = await baseFromTrees(await store.blobs(), record.trees, (trees) => {
      unreadable++
      for (const id of trees) index.doubt(id)
    })
    if (unreadable > 0) {
      const folders = unreadable === 1 ? 'one folder' : `${unreadable} folders`
      this.#options.events.warning?.(`${folders} of the last point cannot be read: what is in them is stored again`)
    }
    return { table, kept: undefined, rules: '', skips: new Map(), mustLookUp: true }
  }

  #localBase(base: Base | undefined, part: string): KnownBase | undefined {
    const kept = base?.parts.find((other) => other.part === part)
    const table = kept === undefined ? undefined : readTable(this.#context.cache, kept)
    if (kept === undefined || table === undefined) return undefined
    return { table, kept: kept.table, rules: kept.rules, skips: skipsOf(kept) }
  }

  async #stream(part: string, pass: StreamPass): Promise<void> {
    // Whoever reads a stream uses it up.
    if (this.#options.backup.dryRun) return
    const entry = await this.#streamEntry(pass.open(this.signal), timespecOfMs(this.#context.clock.nowMs()))
    await this.#graft(part, this.parts.get(part)?.trees, [[pass.path, entry]])
  }

  async #change(part: string, pass: ChangesPass): Promise<void> {
    if (this.#options.backup.dryRun) return
    // In the order they came: a later change decides about what it covers.
    const grafts: { path: ByteString; entry: TreeEntry | undefined; from?: ByteString }[] = []
    for await (const change of pass.changes) {
      this.signal.throwIfAborted()
      const { path } = change
      if (change.kind === 'delete') {
        grafts.push({ path, entry: undefined })
      } else if (change.kind === 'put') {
        const entry = await this.#streamEntry(change.open(this.signal), change.modified)
        grafts.push({ path, entry })
      } else {
        grafts.push({ path, entry: undefined, from: change.from })
      }
    }
    const read = await this.#upserted(grafts.flatMap(({ from }) => (from === undefined ? [] : [from])))
    for (const graft of grafts) if (graft.from !== undefined) graft.entry = read.get(graft.from)
    const root = this.parts.get(part)?.trees ?? parentTrees(await this.opened, part)
    await this.#graft(
      part,
      root,
      grafts.map(({ path, entry }) => [path, entry] as const),
    )
  }

  /** Reads what lies at paths of this machine, as far as there is anything; returns it by path. */
  async #upserted(paths: readonly ByteString[]): Promise<Map<ByteString, TreeEntry>> {
    const entries = new Map<ByteString, TreeEntry>()
    const rules = { patterns: [], excludeCaches: false, excludeIfPresent: [] }
    const scratch = '\u0000upserts'
    for (let attempt = 1; !this.parts.has(scratch); attempt++) {
      const roots = paths.filter((path) => lstatSync(bytesOf(path), { throwIfNoEntry: false }) !== undefined)
      if (roots.length === 0) return entries
      const coverage = this.coverage.apart()
      try {
        await this.#scanFrom(scratch, { kind: 'scan', roots, rules, crossFilesystems: true }, undefined, { coverage })
      } catch (error) {
        // It vanished since the look at it: another look shows that.
        const vanished = error instanceof SourceError && error.code === 'SOURCE_NOT_FOUND'
        if (!vanished || attempt === UPSERT_ATTEMPTS_MAX) throw error
      }
      // That there is nothing to be read any more is what the change comes to.
      this.coverage.adopt(coverage, ({ reason }) => reason !== 'missing')
    }
    const { trees } = present(this.parts.get(scratch), 'the part that was scanned')
    this.parts.delete(scratch)
    const store = await this.store()
    await store.publishTrees()
    const blobs = await store.blobs()
    for (const path of paths) {
      const entry = await entryAt(blobs, trees, path)
      if (entry !== undefined) entries.set(path, entry)
    }
    return entries
  }

  async #streamEntry(bytes: AsyncIterable<Uint8Array>, modified: Timespec): Promise<FileEntry> {
    const { content, size } = await storeStream(await this.store(), bytes, this.progress)
    return {
      ...plainAttributes(modified, modified),
      kind: 'file',
      name: 'stream' as ByteString,
      mode: 0o600,
      size,
      content,
      holes: [],
    }
  }

  /** Puts entries into a part, or removes them. */
  async #graft(part: string, root: Uint8Array | undefined, grafts: Grafts): Promise<void> {
    const store = await this.store()
    await store.publishTrees()
    const trees = await graft(store, root, { grafts, now: timespecOfMs(this.#context.clock.nowMs()) })
    await store.publishTrees()
    const grafted = { name: part, counts: this.parts.get(part)?.counts, before: root, after: trees }
    const counts = await graftedCounts(await this.opened, await store.blobs(), grafted)
    this.parts.set(part, { name: part, trees, counts, scan: undefined })
  }
}

interface KnownBase extends PartScan {
  readonly mustLookUp?: boolean
}

/** The error of a run that a person or the system stopped. */
export function interrupted(): RunError {
  return new RunError('INTERRUPTED', 'the backup was interrupted', {
    hint: 'Everything stored so far is kept: run it again, and it goes on from there.',
  })
}
