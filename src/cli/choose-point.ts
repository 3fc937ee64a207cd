import type { ByteString } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'
import type { ChainId, InstanceId } from '../base/ids.ts'
import { openPointView } from '../engine/point-view.ts'
import type { ChainInfo, PointChain } from '../repository/point-chain.ts'
import type { PointInfo } from '../repository/point-info.ts'
import type { Repository } from '../repository/repository.ts'
import { AmbiguousPointError, resolvePoint } from '../repository/resolve-point.ts'

/** Options that narrow down which points are meant. */
export interface ChainFlags {
  readonly instance?: string
  readonly chain?: string
}

export interface PointChoice {
  readonly point: string
  /** With a path, chains that do not hold it do not count. */
  readonly path?: ByteString
}

/**
 * Returns the point that the user named.
 *
 * @throws {UsageError} UNKNOWN_POINT, AMBIGUOUS_POINT
 */
export async function choosePoint(repository: Repository, choice: PointChoice, flags: ChainFlags): Promise<PointInfo> {
  const points = await repository.chain()
  const filter = chainFilter(points, flags)
  const options = {
    instance: filter.instance ?? repository.instance.id,
    chain: filter.chain,
    accepts: filter.accepts,
  }
  try {
    return await resolveNarrowed()
  } catch (error) {
    if (!(error instanceof AmbiguousPointError)) throw error
    const { tellCandidates } = await import('./ambiguous-point.ts')
    throw await tellCandidates(error, { repository, points })
  }

  async function resolveNarrowed(): Promise<PointInfo> {
    try {
      return resolvePoint(points, choice.point, options)
    } catch (error) {
      if (!(error instanceof AmbiguousPointError) || choice.path === undefined) throw error
      const holding = await chainsHolding(repository, points, choice.path)
      const accepts = (chain: ChainInfo): boolean => filter.accepts(chain) && holding.has(chain.chain)
      // When none holds it, that several chains match is still the better answer.
      if (holding.size === 0) throw error
      return resolvePoint(points, choice.point, { ...options, accepts })
    }
  }
}

export interface ChainFilter {
  readonly instance: InstanceId | undefined
  readonly chain: ChainId | undefined
  readonly accepts: (chain: ChainInfo) => boolean
}

/**
 * Returns what `--instance` and `--chain` mean in this repository.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is no such instance or chain, or there are several.
 */
export function chainFilter(points: PointChain, flags: ChainFlags): ChainFilter {
  const instance = flags.instance === undefined ? undefined : instanceNamed(points, flags.instance)
  const chain = flags.chain === undefined ? undefined : chainNamed(points, flags.chain)
  const accepts = ({ latest }: ChainInfo): boolean => instance === undefined || latest.record.instance === instance
  return { instance, chain, accepts }
}

function instanceNamed(points: PointChain, text: string): InstanceId {
  const known = new Set([...points.instances.keys(), ...points.chains().map(({ latest }) => latest.record.instance)])
  const matching = [...known].filter((id) => {
    const record = points.instances.get(id)
    return id.startsWith(text.toLowerCase()) || record?.name === text || record?.host === text
  })
  return only(matching, { option: '--instance', text, candidates: [...known] })
}

function chainNamed(points: PointChain, text: string): ChainId {
  const known = points.chains().map(({ chain }) => chain)
  const matching = known.filter((chain) => chain.startsWith(text.toLowerCase()))
  return only(matching, { option: '--chain', text, candidates: known })
}

function only<Id extends string>(
  matching: readonly Id[],
  about: { readonly option: string; readonly text: string; readonly candidates: readonly Id[] },
): Id {
  if (about.text === '') {
    const hint = 'Perhaps a variable was not set: give an id, or leave the option out.'
    throw new UsageError('BAD_ARGUMENT', `${about.option} is empty`, { hint })
  }
  const [first, ...others] = matching
  if (first !== undefined && others.length === 0) return first
  const what = first === undefined ? 'fits nothing' : `fits ${matching.length}`
  const shown = (first === undefined ? about.candidates : matching).slice(0, 10).map((id) => id.slice(0, 8))
  throw new UsageError('BAD_ARGUMENT', `${about.option} ${about.text} ${what} in this repository`, {
    hint: shown.length === 0 ? 'It holds no points yet.' : `Choose one of: ${shown.join(', ')}.`,
  })
}

/** Returns the chains whose latest point holds `path`. */
async function chainsHolding(repository: Repository, points: PointChain, path: ByteString): Promise<Set<ChainId>> {
  const holding = new Set<ChainId>()
  for (const { chain, latest } of points.chains()) {
    const blobs = await repository.inRealm(latest.realm).blobs()
    const entry = await openPointView(blobs, latest.record.parts).lookup(path)
    if (entry !== undefined) holding.add(chain)
  }
  return holding
}
