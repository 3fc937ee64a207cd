import { mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { errnoOf, UsageError } from '../../src/base/errors.ts'
import { OBJECT_KINDS } from '../../src/storage/driver.ts'
import { storeError } from './local-errors.ts'
import { FOLDER_MODE } from './store-folders.ts'
import { syncFolder } from './sync-folder.ts'
import { TEMPORARY_FOLDER } from './temporary-file.ts'

/** What may lie in the folder of a new store: an earlier attempt's own folders, and what fresh volumes come with. */
const EXPECTED_NAMES: ReadonlySet<string> = new Set([
  ...OBJECT_KINDS,
  TEMPORARY_FOLDER,
  'lost+found',
  '.Trash-0',
  '.Trash-1000',
  '.Trashes',
  '.fseventsd',
  '.Spotlight-V100',
  'System Volume Information',
])

/**
 * Makes the folder `root` for a new store, with missing parents, or takes one that holds nothing else. Once resolved
 * it is durable. Whether a repository is already in it is for the caller to find out.
 *
 * @throws {UsageError} BAD_ARGUMENT: something else lies there, or nobody can make folders there.
 * @throws {StorageError} STORE_DENIED, STORE_READ_ONLY, STORE_FULL, STORE_FAILED
 */
export async function createStore(root: string): Promise<void> {
  const path = resolve(root)
  try {
    await makeFolder(path)
    const strange = (await readdir(path)).find((name) => !EXPECTED_NAMES.has(name))
    if (strange === undefined) return
    throw unsuitable(root, `is not empty: it holds ${strange}`)
  } catch (error) {
    throw storeError(error, { doing: 'making', path: root })
  }
}

/**
 * Makes the folder at `path` and its missing parents, each durable in its own. Node's recursive mkdir is no help: it
 * reports a read-only file system as ENOENT.
 */
async function makeFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw errnoOf(error) === 'ENOTDIR' ? unsuitable(path, 'lies below a file') : error
  })
  if (found?.isDirectory() === true) return
  if (found !== undefined) throw unsuitable(path, 'is a file')
  await makeFolder(dirname(path))
  await mkdir(path, { mode: FOLDER_MODE }).catch((error: unknown) => {
    // The folder that it belongs into is there.
    if (errnoOf(error) === 'ENOENT')
      throw unsuitable(path, 'cannot be made: nobody can make folders there, or a link leads nowhere')
    if (errnoOf(error) !== 'EEXIST') throw error
  })
  await syncFolder(await realpath(dirname(path)))
}

function unsuitable(path: string, what: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `${path} ${what}`, {
    context: { path },
    hint: 'Choose an empty or a new folder for the repository.',
  })
}
