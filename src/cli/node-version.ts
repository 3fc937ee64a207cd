/** The first with ML-KEM: see docs/decisions/0170. */
const NODE_MIN = { major: 24, minor: 7 }

/** Returns why Tidemark cannot run on Node `version` (as `process.versions.node`), or `undefined` when it can. */
export function refusalOfNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor)) return undefined
  return `tidemark needs Node ${NODE_MIN.major}.${NODE_MIN.minor} or later, and this is Node ${version}: install a newer one from https://nodejs.org and run it again.`
}
