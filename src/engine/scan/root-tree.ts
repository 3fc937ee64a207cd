import { type ByteString, display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'

/** Which entries of the directories above the roots lead to them. */
export interface RootNode {
  /** Everything below belongs into the point. */
  isRoot: boolean
  readonly children: Map<ByteString, RootNode>
}

/**
 * Returns the tree that leads from `/` to every root. A root below another root adds nothing, nor does a `bare` directory,
 * which the tree leads to without what is below.
 *
 * @throws {UsageError} BAD_ARGUMENT as `namesOfRoot`.
 */
export function rootTree(roots: readonly ByteString[], bare: readonly ByteString[] = []): RootNode {
  const top: RootNode = { isRoot: false, children: new Map() }
  for (const root of roots) {
    const node = nodeAt(top, root)
    node.isRoot = true
    node.children.clear()
  }
  for (const path of bare) nodeAt(top, path)
  return top
}

/** Returns the node at a path, or the root above it; makes what is missing. */
function nodeAt(top: RootNode, path: ByteString): RootNode {
  let node = top
  for (const name of namesOfRoot(path)) {
    if (node.isRoot) break
    const next = node.children.get(name) ?? { isRoot: false, children: new Map<ByteString, RootNode>() }
    node.children.set(name, next)
    node = next
  }
  return node
}

/** Returns the names that lead from `/` to a root. @throws {UsageError} BAD_ARGUMENT: it is not absolute, or not normalised. */
export function namesOfRoot(root: ByteString): ByteString[] {
  const names = root === '/' ? [] : root.split('/').slice(1)
  if (root.startsWith('/') && names.every((name) => name !== '' && name !== '.' && name !== '..')) {
    return names as ByteString[]
  }
  throw new UsageError('BAD_ARGUMENT', `${display(root)} is not an absolute path`)
}
