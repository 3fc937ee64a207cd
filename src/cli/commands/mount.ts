import type { PointEntry } from '../../../fuse/folders/folder.ts'
import type { PointWatch } from '../../../fuse/folders/point-watch.ts'
import { rootFolder } from '../../../fuse/folders/root-folder.ts'
import { ReaderThreads } from '../../../fuse/readers/reader-threads.ts'
import { present } from '../../base/assert.ts'
import { type ByteString, display } from '../../base/byte-string.ts'
import { StorageError, UsageError } from '../../base/errors.ts'
import { ownIdentity } from '../../base/process-identity.ts'
import type { RealmId } from '../../base/ids.ts'
import { FrameDiskCache } from '../../repository/frame-disk-cache.ts'
import { type KeyRing, readsNothing } from '../../repository/key-ring.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { type MountRecord, noteMount } from '../../service/mount-records.ts'
import { connectToStarter } from '../background-context.ts'
import { type ChainFlags, choosePoint } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { untilMountEnds } from '../mount-end.ts'
import { chooseMountPoint, mountLog } from '../mount-place.ts'
import { mountByKernel, mountByLibrary } from '../mounting.ts'
import { openMountedPoints } from '../open-mounted-points.ts'
import { openSession } from '../open-session.ts'
import { placeOf } from '../open-store.ts'
import { parseSize } from '../../base/parse-quantity.ts'
import { parsePointPlace } from '../point-place.ts'
import { describeProblem, reportError } from '../report-error.ts'
import { startInBackground } from '../start-background.ts'

export interface MountFlags extends ChainFlags {
  readonly point?: string
  /** Name of the realm whose points are shown. */
  readonly realm?: string
  readonly allowOther?: boolean
  readonly cacheSize?: string
  readonly diskCache?: string
  readonly transport: 'kernel' | 'native'
  readonly background?: boolean
  /** This process is the one in the background. */
  readonly detached?: boolean
}

/** How old what is known of the points may be when somebody looks: of a store on this machine, and elsewhere. */
const NEAR_FRESH_MS = 2000
const FAR_FRESH_MS = 10_000
/** How long somebody who looks waits for a store that does not answer. */
const PATIENCE_MS = 5000

/** Shows Restoring Points as folders until that is interrupted or unmounted. */
export async function mountCommand(context: CliContext, directory: string, flags: MountFlags): Promise<number> {
  if (flags.background === true) {
    const words = process.argv.slice(2).map((word) => (word === '--background' ? '--detached' : word))
    return startInBackground(context, { words, log: mountLog(context, directory) })
  }
  if (flags.detached !== true) return serve(context, { directory, flags, onWorking: () => undefined })
  const starter = await connectToStarter(context)
  try {
    return await serve(starter.context, { directory, flags, onWorking: starter.leave })
  } catch (error) {
    return reportError(starter.context.output, error)
  }
}

interface ServeJob {
  readonly directory: string
  readonly flags: MountFlags
  readonly onWorking: () => void
}

async function serve(context: CliContext, { directory, flags, onWorking }: ServeJob): Promise<number> {
  const { clock, output, signal, workingDirectory } = context
  const cacheBytesMax = flags.cacheSize === undefined ? undefined : parseSize(flags.cacheSize, '--cache-size')
  const diskBytesMax = flags.diskCache === undefined ? undefined : parseSize(flags.diskCache, '--disk-cache')
  // Refused before a password is asked for.
  const { url } = await placeOf(context, undefined)
  const mountPoint = await chooseMountPoint({ workingDirectory, url }, directory)
  // While the key is derived there is time for it.
  await using readers = flags.transport === 'kernel' ? new ReaderThreads() : undefined
  await using session = await openSession(context)
  const repository = await session.repository
  if (!repository.keyRing.full) throw readsNothing()
  const chosen = flags.point === undefined ? undefined : await choose(repository, flags.point, flags)
  const realm = chosen?.point.realm ?? realmNamed(repository.keyRing, flags.realm)
  if (diskBytesMax !== undefined && url.startsWith('/')) {
    output.warning('--disk-cache keeps nothing of a repository that is on this machine already')
  }
  const frameCache = diskBytesMax === undefined ? undefined : new FrameDiskCache(session.cache, diskBytesMax)
  const opened = await openMountedPoints({
    repository,
    realm,
    frameCache,
    clock,
    freshMs: url.startsWith('/') ? NEAR_FRESH_MS : FAR_FRESH_MS,
    patienceMs: PATIENCE_MS,
    onProblem: (problem) => output.warning(describeProblem(problem)),
  })
  using frames = opened.frames
  const { points } = opened
  const root = chosen === undefined ? rootFolder(points) : await treeAt(points, chosen)
  signal.throwIfAborted()
  const mount = flags.transport === 'native' ? mountByLibrary : mountByKernel
  await using mounted = await mount({
    mountPoint,
    root,
    frames,
    allowOther: flags.allowOther === true,
    cacheBytesMax,
    readers,
    searchPath: process.env['PATH'] ?? '',
    onProblem: ({ path, error }) => output.warning(`${display(path)}: ${describeProblem(error)}`),
  })
  context.sayWhenInterrupted('unmounting')
  tellMounted(context, { mountPoint, url, repository })
  if (chosen === undefined) await tellOthers(context, repository, realm)
  const repositoryName = session.place.name ?? url
  const forget = note(context, { mountPoint, repository: repositoryName, point: chosen?.point.record.point })
  onWorking()
  // A folder that this process stands in could itself not be unmounted.
  process.chdir('/')
  const hasEnded = await untilMountEnds({ mounted, output, signal })
  forget()
  if (!hasEnded) process.exit(EXIT_DONE)
  return EXIT_DONE
}

/** Notes what the mount shows, for lists of mounts; one that cannot be noted is mounted all the same. */
function note({ clock, output, paths }: CliContext, mount: Omit<MountRecord, 'sinceMs' | 'process'>): () => void {
  try {
    return noteMount(paths.stateDirectory, { ...mount, sinceMs: clock.nowMs(), process: ownIdentity() })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    output.warning(describeProblem(error))
    return () => undefined
  }
}

interface ChosenPlace {
  readonly point: PointInfo
  readonly path: ByteString
}

/** Finds POINT[:/PATH]. */
async function choose(repository: Repository, place: string, flags: ChainFlags): Promise<ChosenPlace> {
  const { hasPath, path, point: name } = parsePointPlace(place)
  return { path, point: await choosePoint(repository, { point: name, ...(hasPath ? { path } : {}) }, flags) }
}

/** Frames of two realms have nothing in common: a mount shows one, the default or the one that is named. */
function realmNamed(ring: KeyRing, name: string | undefined): RealmId {
  if (name === undefined) return ring.realm().realm
  const named = ring.realms().find((id) => ring.realm(id).name === name)
  if (named !== undefined) return named
  throw new UsageError('BAD_ARGUMENT', `there is no realm "${name}"`, {
    context: { realm: name },
    hint: '`tidemark key list` shows which there are.',
  })
}

/** Says which points a mount of all does not show. */
async function tellOthers({ output }: CliContext, repository: Repository, shown: RealmId): Promise<void> {
  const { points } = await repository.chain()
  const others = new Set(points.map(({ realm }) => realm).filter((realm) => realm !== shown))
  for (const realm of others) {
    const { name } = repository.keyRing.realm(realm)
    output.message(`Points of realm "${name}" are not among them: \`tidemark mount --realm\` shows those.`)
  }
}

/** Returns the root of a mount of one POINT[:/PATH]. */
async function treeAt(points: PointWatch, { path, point: { record } }: ChosenPlace): Promise<PointEntry> {
  const all = (await points.current()).points
  const point = present(
    all.find(({ id }) => id === record.point),
    'the point that was chosen',
  )
  const entry = await point.view.lookup(path)
  if (entry?.kind === 'dir') return { kind: 'point', name: entry.name, point: point.id, view: point.view, entry }
  const what = entry === undefined ? `holds no ${display(path)}` : `has no folder at ${display(path)}`
  throw new UsageError('UNKNOWN_PATH', `point ${record.point.slice(0, 8)} ${what}`, {
    context: { point: record.point, path: display(path) },
    hint: 'Look with `tidemark ls` what it holds.',
  })
}

function tellMounted(
  { output }: CliContext,
  {
    mountPoint,
    url,
    repository,
  }: { readonly mountPoint: string; readonly url: string; readonly repository: Repository },
): void {
  if (output.json) {
    output.document({ mountPoint, repository: repository.id, location: url })
    return
  }
  output.done(`Mounted ${url} at ${mountPoint}.`)
  output.message(`\`tidemark unmount ${mountPoint}\` ends it.`)
}
