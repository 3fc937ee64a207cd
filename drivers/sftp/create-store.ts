import { posix } from 'node:path'

import { UsageError } from '../../src/base/errors.ts'
import { OBJECT_KINDS, type ObjectKind } from '../../src/storage/driver.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { type SftpDriverOptions, TEMPORARY_FOLDER } from './sftp-driver.ts'
import { sftpError, statusOf } from './sftp-errors.ts'
import { SftpSession } from './sftp-session.ts'
import { FOLDER_MODE, syncFolder } from './store-folders.ts'

const EXPECTED_NAMES: ReadonlySet<string> = new Set([...OBJECT_KINDS, TEMPORARY_FOLDER, '.', '..', 'lost+found'])

/** What every repository has: a first backup would make one after the other. The rest is made when it is needed. */
const USUAL_FOLDERS: readonly (ObjectKind | typeof TEMPORARY_FOLDER)[] = [
  'config',
  'index',
  'instances',
  'keys',
  'packs',
  'points',
  'runs',
  TEMPORARY_FOLDER,
]

/**
 * Makes the folder for a new store on the server, with missing parents, or takes one that holds nothing else. Whether
 * a repository is already in it is for the caller to find out.
 *
 * @throws {UsageError} BAD_ARGUMENT: something else lies there.
 * @throws {StorageError} STORE_UNAVAILABLE, STORE_DENIED, STORE_FAILED
 */
export async function createSftpStore({ server, secrets, path, location }: SftpDriverOptions): Promise<void> {
  await using session = new SftpSession(server, secrets)
  try {
    await session.use(0, async (channel) => {
      await makeFolder(channel, path)
      const { entries } = await channel.readFolder(await channel.openFolder(path))
      const strange = entries.find(({ filename }) => !EXPECTED_NAMES.has(filename))
      if (strange !== undefined) throw unsuitable(location, `is not empty: it holds ${strange.filename}`)
      const there = new Set(entries.map(({ filename }) => filename))
      const missing = USUAL_FOLDERS.filter((name) => !there.has(name))
      await Promise.all(missing.map((name) => channel.makeFolder(posix.join(path, name), FOLDER_MODE)))
      await syncFolder(channel, path)
    })
  } catch (error) {
    throw sftpError(error, { doing: 'making', path: location })
  }
}

async function makeFolder(channel: SftpChannel, path: string): Promise<void> {
  try {
    const info = await channel.lstat(path)
    if (info.isFile()) throw unsuitable(path, 'is a file')
    return
  } catch (error) {
    if (statusOf(error) !== 'noSuchFile') throw error
  }
  const parent = posix.dirname(path)
  if (parent !== path && parent !== '.') await makeFolder(channel, parent)
  await channel.makeFolder(path, FOLDER_MODE)
  await syncFolder(channel, parent)
}

function unsuitable(path: string, what: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `${path} ${what}`, {
    context: { path },
    hint: 'Choose an empty or a new folder for the repository.',
  })
}
