const NODE_MAJOR_MIN = 24

/** Returns why Tidemark cannot run on Node `version` (as `process.versions.node`), or `undefined` when it can. */
export function refusalOfNode(version: string): string | undefined {
  const major = Number(version.split('.')[0])
  if (major >= NODE_MAJOR_MIN) return undefined
  return `tidemark needs Node ${NODE_MAJOR_MIN} or later, and this is Node ${version}: install a newer one from https://nodejs.org and run it again.`
}
