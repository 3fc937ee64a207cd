import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { fileNameOf, freeName, withSuffix } from '../../src/base/file-name.ts'
import type { MountedPoint } from './mounted-points.ts'

const ID_DIGITS = 8

/** A chain, and what it is called in the mount. */
export interface NamedChain {
  readonly id: string
  /** The name of its instance's folder, and of its own in that. */
  readonly instanceName: ByteString
  readonly name: ByteString
  /** The oldest first; at least one. */
  readonly points: readonly MountedPoint[]
}

/**
 * Names all chains of `points`, the oldest of which comes first.
 *
 * Of instances with the same name the one that made a point first keeps it; the others get the beginning of their ids
 * behind it, so that no name changes when an instance joins.
 */
export function nameChains(points: readonly MountedPoint[]): NamedChain[] {
  const taken = new Set<ByteString>()
  return [...Map.groupBy(points, ({ instance }) => instance).values()].flatMap((ofInstance) => {
    const instanceName = nameInstance(ofInstance, taken)
    taken.add(instanceName)
    const chains = Map.groupBy(ofInstance, ({ chain }) => chain)
    return Array.from(chains, ([id, ofChain]): NamedChain => {
      return { id, instanceName, name: nameChain(id, chains.keys()), points: ofChain }
    })
  })
}

function nameInstance(points: readonly MountedPoint[], taken: ReadonlySet<ByteString>): ByteString {
  // The newest point says what the machine is called now.
  const { instance = '', instanceName = '' } = points.at(-1) ?? {}
  const name = fileNameOf(instanceName, instance)
  return taken.has(name) ? freeName(withSuffix(name, `~${instance.slice(0, ID_DIGITS)}`), taken) : name
}

function nameChain(id: string, all: Iterable<string>): ByteString {
  const short = id.slice(0, ID_DIGITS)
  const isClash = [...all].filter((other) => other.startsWith(short)).length > 1
  return byteStringOf(isClash ? id : short)
}
