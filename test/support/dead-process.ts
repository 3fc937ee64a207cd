import { execFileSync } from 'node:child_process'

const module = new URL('../../src/base/process-identity.ts', import.meta.url).href

/** Returns the tag of a process of this machine that has ended. */
export function deadProcessTag(): string {
  const script = `import { processTag } from '${module}'; process.stdout.write(processTag())`
  return execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString()
}
