import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where results of tests of stores are kept. */
export function storeTestsFolder(stateDirectory: string): string {
  return join(stateDirectory, 'store-tests')
}

/** The file of the test of the store at `url`. */
export function storeTestFile(stateDirectory: string, url: string): string {
  const name = createHash('sha256').update(url).digest('hex').slice(0, 32)
  return join(storeTestsFolder(stateDirectory), `${name}.json`)
}

/** Whether the store at `url` was ever tested from here: where it was not, nobody need load what reads tests. */
export function wasStoreTested(stateDirectory: string, url: string): boolean {
  return existsSync(storeTestFile(stateDirectory, url))
}
