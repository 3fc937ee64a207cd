import { lstat, realpath, stat } from 'node:fs/promises'

import { byteStringOf, display } from '../base/byte-string.ts'
import type { StoreTest } from '../service/store-tests.ts'
import type { Output } from './output.ts'
import { missingGuarantees } from '../storage/probe-meanings.ts'

/** Tells the user when a loss of what is backed up would take the repository with it. */
export async function warnAboutPlace(output: Output, url: string, roots: readonly string[]): Promise<void> {
  if (!url.startsWith('/')) return
  const inside = roots.find((root) => url === root || url.startsWith(root === '/' ? root : `${root}/`))
  if (inside !== undefined) {
    say(output, `the repository ${url} lies inside ${inside}: it is left out, and lost when that is lost`)
    return
  }
  const [repository, ...sources] = await Promise.all([url, ...roots].map((path) => stat(path).catch(() => undefined)))
  if (repository !== undefined && sources.some((source) => source?.dev === repository.dev)) {
    say(output, `the repository ${url} lies on the same disk as what is backed up: keep a copy elsewhere`)
  }
}

/** Tells the user of sources that hold nothing but a link: as `tar` does, a backup follows none. */
export async function warnAboutLinks(output: Output, roots: readonly string[]): Promise<void> {
  for (const root of roots) {
    const status = await lstat(root).catch(() => undefined)
    if (status?.isSymbolicLink() !== true) continue
    const target = await realpath(root).catch(() => undefined)
    const instead =
      target === undefined ? 'it leads nowhere' : `name ${display(byteStringOf(target))} to back up what it leads to`
    say(output, `${display(byteStringOf(root))} is a symbolic link, and only the link is backed up: ${instead}`)
  }
}

/** Tells the user what `driver test` found that the store does not guarantee. */
export function warnAboutStore(output: Output, test: StoreTest | undefined): void {
  for (const missing of test === undefined ? [] : missingGuarantees(test.report.checks)) {
    say(output, `of the store of this repository, \`tidemark driver test\` found: ${missing}`)
  }
}

function say(output: Output, message: string): void {
  if (output.json) output.event('warning', { message })
  output.warning(message)
}
