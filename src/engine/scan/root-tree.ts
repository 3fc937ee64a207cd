import { type ByteString, display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'

/** Which entries of the directories above the roots lead to them. */
export interface RootNode {
  /** Everything below belongs into the point. */
  isRoot: boolean
  readonly children: Map<ByteString, RootNode>
}

/**
 * Returns the tree that leads from `/` to every root. A root below another root adds nothing.
 *
 * @throws {UsageError} BAD_ARGUMENT as `namesOfRoot`.
 */
export function rootTree(roots: readonly ByteString[]): RootNode {
  const top: RootNode = { isRoot: false, children: new Map() }
  for (const root of roots) {
    let node = top
    for (const name of namesOfRoot(root)) {
      if (node.isRoot) break
      const next = node.children.get(name) ?? { isRoot: false, children: new Map<ByteString, RootNode>() }
      node.children.set(name, next)
      node = next
    }
    node.isRoot = true
    node.children.clear()
  }
  return top
}

/** Returns the names that lead from `/` to a root. @throws {UsageError} BAD_ARGUMENT: it is not absolute, or not normalised. */
export function namesOfRoot(root: ByteString): ByteString[] {
  const names = root === '/' ? [] : root.split('/').slice(1)
  if (root.startsWith('/') && names.every((name) => name !== '' && name !== '.' && name !== '..')) {
    return names as ByteString[]
  }
  throw new UsageError('BAD_ARGUMENT', `${display(root)} is not an absolute path`)
}
