import { msOfTimespec } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import type { ChainId, InstanceId } from '../base/ids.ts'
import { numberOf } from '../base/number-of.ts'
import type { ChainInfo, PointChain } from './point-chain.ts'
import { compareWithinChain, type PointInfo, pointFolderName } from './point-info.ts'
import { namedTime } from './point-time.ts'

export interface ResolveOptions {
  /** Whose chains `latest` and times are about, as long as it has any. */
  readonly instance?: InstanceId | undefined
  /** Narrows to one chain. */
  readonly chain?: ChainId | undefined
  /** Narrows to chains for which it holds, such as those that contain a path. */
  readonly accepts?: ((chain: ChainInfo) => boolean) | undefined
}

const PREFIX_DIGITS_MIN = 4

/** Several points, or the latest points of several chains, fit what names one. */
export class AmbiguousPointError extends UsageError {
  readonly candidates: readonly PointInfo[]

  constructor(spec: string, { what, candidates, hint }: Ambiguity) {
    const message = `"${spec}" fits ${candidates.length} ${what}`
    super('AMBIGUOUS_POINT', message, { context: { point: spec, candidates: candidates.length }, hint })
    this.candidates = candidates
  }
}

interface Ambiguity {
  readonly what: string
  readonly candidates: readonly PointInfo[]
  readonly hint: string
}

/**
 * Returns the point that `spec` names: a uuid or a unique prefix of at least four digits, the name of a point's folder,
 * a date or time (the last point that started not after it), `latest`, or `latest~N` for the Nth before it.
 *
 * @throws {UsageError} UNKNOWN_POINT
 * @throws {AmbiguousPointError}
 */
export function resolvePoint(points: PointChain, spec: string, options: ResolveOptions = {}): PointInfo {
  const back = /^latest(?:~(?<back>\d{1,9}))?$/.exec(spec)
  if (back !== null) return latestPoint(points, { spec, back: Number(back.groups?.['back'] ?? 0), options })
  // A point that was made within the named time is not after it.
  const time = namedTime(spec)?.endMs
  if (time !== undefined) return pointAt(points, { spec, time, options })
  if (/^\d{4}-\d\d-\d\d$/.test(spec)) throw unknown(spec, 'there is no such day')
  return byId(points, spec, options)
}

function latestPoint(
  points: PointChain,
  { spec, back, options }: { spec: string; back: number; options: ResolveOptions },
): PointInfo {
  const chain = onlyChain(points, spec, options)
  const found = chain.points.at(-1 - back)
  if (found !== undefined) return found
  throw unknown(spec, `the chain has ${numberOf(chain.points.length, 'point')}`)
}

function pointAt(
  points: PointChain,
  { spec, time, options }: { spec: string; time: number; options: ResolveOptions },
): PointInfo {
  const chain = onlyChain(points, spec, options)
  const found = chain.points.filter(({ record }) => msOfTimespec(record.started) < time + 1).at(-1)
  if (found !== undefined) return found
  throw unknown(spec, 'every point was made after it')
}

/** Returns the one chain that `options` leave; this instance's chains count alone when it has any. */
function onlyChain(points: PointChain, spec: string, options: ResolveOptions): ChainInfo {
  const accepted = points.chains().filter((chain) => options.accepts?.(chain) ?? true)
  const named = accepted.filter(({ chain }) => chain === options.chain)
  // What restores overwrote is nobody's latest backup.
  const chains = accepted.filter(({ latest }) => latest.record.undo === undefined)
  const own = chains.filter(({ latest }) => latest.record.instance === options.instance)
  const matching = options.chain !== undefined ? named : own.length > 0 ? own : chains
  const [only] = matching
  if (only === undefined) throw unknown(spec, 'there is no point yet')
  if (matching.length === 1) return only
  const candidates = matching.map(({ latest }) => latest)
  const hint = 'Name the chain with --chain, or the point by its id.'
  throw new AmbiguousPointError(spec, { what: 'chains', candidates, hint })
}

function byId(points: PointChain, spec: string, options: ResolveOptions): PointInfo {
  // A folder's name ends in the start of a uuid; a uuid may be written with dashes.
  const isFolder = /^[\w-]+Z_[0-9a-f]{4,32}$/i.test(spec)
  const digits = (isFolder ? spec.slice(spec.lastIndexOf('_') + 1) : spec.replaceAll('-', '')).toLowerCase()
  if (digits.length > 32 || !/^[0-9a-f]+$/.test(digits)) {
    throw unknown(spec, 'it is neither the beginning of an id nor a date, a time or `latest`')
  }
  if (digits.length < PREFIX_DIGITS_MIN) {
    throw unknown(spec, `the beginning of an id has at least ${PREFIX_DIGITS_MIN} digits`)
  }
  const matching = points.points.filter((point) => {
    if (options.chain !== undefined && point.record.chain !== options.chain) return false
    if (isFolder && !pointFolderName(point.record).toLowerCase().startsWith(folderTimeOf(spec))) return false
    return point.record.point.startsWith(digits)
  })
  const [only] = matching
  if (only === undefined) throw unknown(spec, 'no point has this id')
  if (matching.length === 1) return only
  const candidates = matching.toSorted(compareWithinChain)
  throw new AmbiguousPointError(spec, { what: 'points', candidates, hint: 'Give more digits of the id.' })
}

function folderTimeOf(name: string): string {
  return name.slice(0, name.lastIndexOf('_')).toLowerCase()
}

function unknown(spec: string, reason: string): UsageError {
  return new UsageError('UNKNOWN_POINT', `there is no point "${spec}": ${reason}`, {
    context: { point: spec },
    hint: 'See `tidemark points`.',
  })
}
