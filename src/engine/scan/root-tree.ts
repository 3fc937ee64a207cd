import type { ByteString } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'
import { display } from '../../base/byte-string.ts'

/** Which entries of the directories above the roots lead to them. */
export interface RootNode {
  /** Everything below belongs into the point. */
  isRoot: boolean
  readonly children: Map<ByteString, RootNode>
}

/**
 * Returns the tree that leads from `/` to every root. A root below another root adds nothing.
 *
 * @throws {UsageError} BAD_ARGUMENT: a root that is not absolute, or not normalised.
 */
export function rootTree(roots: readonly ByteString[]): RootNode {
  const top: RootNode = { isRoot: false, children: new Map() }
  for (const root of roots) {
    const names = root === '/' ? [] : root.split('/').slice(1)
    if (!root.startsWith('/') || names.some((name) => name === '' || name === '.' || name === '..')) {
      throw new UsageError('BAD_ARGUMENT', `${display(root)} is not an absolute path`)
    }
    let node = top
    for (const name of names as ByteString[]) {
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
