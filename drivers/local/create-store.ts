import { mkdir, readdir } from 'node:fs/promises'
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
 * @throws {UsageError} BAD_ARGUMENT: something else lies there.
 * @throws {StorageError} STORE_DENIED, STORE_READ_ONLY, STORE_FULL, STORE_FAILED
 */
export async function createStore(root: string): Promise<void> {
  const path = resolve(root)
  try {
    const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE })
    // Each new folder is a name in its parent: sync from the root's parent up to that of the first one made.
    for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) {
      await syncFolder(dirname(made))
    }
    const strange = (await readdir(path)).find((name) => !EXPECTED_NAMES.has(name))
    if (strange === undefined) return
    throw new UsageError('BAD_ARGUMENT', `${root} is not empty: it holds ${strange}`, {
      context: { path: root },
      hint: 'Choose an empty or a new folder for the repository.',
    })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      throw new UsageError('BAD_ARGUMENT', `${root} is a file`, {
        context: { path: root },
        hint: 'Choose an empty or a new folder for the repository.',
      })
    }
    throw storeError(error, { doing: 'making', path: root })
  }
}
