import { opendir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { byteString, type ByteString, bytesOf, display } from '../../base/byte-string.ts'
import { errnoOf, SourceError } from '../../base/errors.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { openDirectory } from '../../base/posix/directory.ts'
import { fileSystemOf } from '../../base/posix/filesystem.ts'
import { MountAnswers } from '../../base/posix/mount-answers.ts'
import { folderOf } from './show-entry.ts'
import type { PlaceData } from './shown.ts'
import { shownText } from './shown-text.ts'

/** A picker shows no more. */
const FOLDERS_MAX = 10_000

/**
 * Returns the names of the folders in a folder, in their order. What is no text, or would move a terminal's cursor, is
 * left out: nobody could type it.
 *
 * @throws {SourceError} SOURCE_NOT_FOUND, SOURCE_UNREADABLE
 */
export async function foldersIn(directory: string, workingDirectory: string): Promise<string[]> {
  const path = resolve(workingDirectory, directory)
  const names: string[] = []
  const answers = new MountAnswers()
  if (!(await answers.reaches(path))) throw unanswered(path)
  try {
    for await (const entry of await opendir(Buffer.from(path), { encoding: 'buffer' as BufferEncoding })) {
      const bytes = entry.name as unknown as Uint8Array
      const name = Buffer.from(bytes).toString('utf8')
      if (display(byteString(bytes)) !== name) continue
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(path, name), answers)))
      if (isFolder && names.push(name) >= FOLDERS_MAX) break
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
  return names.sort()
}

/** So many paths are looked at at once: those of a field. */
const PLACES_MAX = 64

/** Tells what lies at absolute paths, in their order. */
export async function placesAt(paths: readonly string[]): Promise<PlaceData[]> {
  const answers = new MountAnswers()
  return Promise.all(paths.slice(0, PLACES_MAX).map(async (path) => placeAt(path, answers)))
}

async function placeAt(path: string, answers: MountAnswers): Promise<PlaceData> {
  const kind = (await answers.reaches(path)) ? await kindAt(path) : 'unknown'
  let upTo = dirname(path)
  if (kind !== 'nothing') return { kind, isHeld: true, upTo: shownText(upTo) }
  const isHeld = (await kindAt(upTo)) === 'folder'
  while (upTo !== '/' && (await kindAt(upTo)) === 'nothing') upTo = dirname(upTo)
  return { kind, isHeld, upTo: shownText(upTo) }
}

async function kindAt(path: string): Promise<PlaceData['kind']> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const errno = errnoOf(error)
    return errno === 'ENOENT' || errno === 'ENOTDIR' ? 'nothing' : 'unknown'
  }
}

/** Returns how many bytes are free where a path lies or would lie; `undefined` where nothing tells. */
export async function freeBytesAt(path: ByteString): Promise<number | undefined> {
  if (!(await new MountAnswers().reaches(bytesOf(path).toString('utf8')))) return undefined
  for (let at = path; ; at = folderOf(at)) {
    try {
      const { bavail, bsize } = await statfs(bytesOf(at))
      return bavail * bsize
    } catch (error) {
      const isMissing = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR'
      if (!isMissing || at === '/') return undefined
    }
  }
}

/** Whether a loss of the disk that a source lies on would take the folder at `path` with it. */
export async function sharesDisk(path: ByteString, sources: readonly ByteString[]): Promise<boolean> {
  const answers = new MountAnswers()
  const own = await diskOf(path, answers)
  if (own === undefined) return false
  for (const source of sources) if ((await diskOf(source, answers)) === own) return true
  return false
}

/** Returns what is the same for all files of one file system; `undefined` for what is not there, or does not answer. */
async function diskOf(path: ByteString, answers: MountAnswers): Promise<string | undefined> {
  if (!(await answers.reaches(bytesOf(path).toString('utf8')))) return undefined
  for (const at of [path, folderOf(path)]) {
    try {
      const fd = openDirectory(at)
      try {
        return fileSystemOf(fd).id
      } finally {
        closeDescriptor(fd)
      }
    } catch (error) {
      // A source may be a single file: then its folder tells.
      if (errnoOf(error) !== 'ENOTDIR') return undefined
    }
  }
  return undefined
}

async function leadsToFolder(path: string, answers: MountAnswers): Promise<boolean> {
  if (!(await answers.reaches(path))) return false
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  )
}

function unanswered(path: string): SourceError {
  return new SourceError(
    'SOURCE_UNREADABLE',
    `the folder ${path} cannot be read: what is mounted there does not answer`,
    {
      context: { path },
      hint: 'Choose another one, or end that mount.',
    },
  )
}

function unreadable(path: string, cause: unknown): Error {
  const errno = errnoOf(cause)
  if (errno === undefined) return cause instanceof Error ? cause : new Error(String(cause))
  const isMissing = errno === 'ENOENT' || errno === 'ENOTDIR'
  const why = isMissing ? `there is no folder ${path}` : `the folder ${path} cannot be read (${errno})`
  return new SourceError(isMissing ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE', why, {
    context: { path },
    cause,
    hint: `Choose another one, such as ${dirname(path)}.`,
  })
}
