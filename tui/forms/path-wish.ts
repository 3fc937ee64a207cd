import { dirname } from 'node:path/posix'

import type { PlaceData } from '../../src/service/application/shown.ts'
import { listOf } from './typed-list.ts'

/** What has to lie at a path that is typed. */
export type PathWish =
  /** Something: a source may be a file. */
  | 'anything'
  | 'folder'
  | 'file'
  /** Nothing yet, in a folder that is there. */
  | 'new-file'
  /** A folder, or nothing yet in a folder that is there. */
  | 'new-folder'
  /** A folder, or nothing yet: all folders on the way are made as well. */
  | 'new-folders'

/** What is to be said of a field. */
export interface PathNote {
  readonly mistake?: string
  readonly remark?: string
}

/** Returns the paths that a field holds; `isMany`: it is a list of them. */
export function typedPaths(text: string, isMany: boolean): readonly string[] {
  if (isMany) return listOf(text)
  const path = text.trim()
  return path === '' ? [] : [path]
}

/** Returns what is wrong with the first of the paths that does not suit, or is not what was perhaps meant. */
export function noteOnPlaces(wish: PathWish, paths: readonly string[], places: readonly PlaceData[]): PathNote {
  for (const [i, path] of paths.entries()) {
    const place = places[i]
    const note = place === undefined ? undefined : noteOn(wish, path, place)
    if (note !== undefined) return note
  }
  return {}
}

function noteOn(wish: PathWish, path: string, place: PlaceData): PathNote | undefined {
  const { kind, isHeld } = place
  if (kind === 'unknown') return { remark: `${path} may not be looked at` }
  const isLoose = kind === 'nothing' && !isHeld
  switch (wish) {
    case 'anything':
      return kind === 'nothing' ? { mistake: missing('nothing at', path, place) } : undefined
    case 'folder':
      return kind === 'nothing' ? { mistake: missing('no folder', path, place) } : noFolder(path, place)
    case 'file':
      if (kind === 'nothing') return { mistake: missing('no file', path, place) }
      return kind === 'folder' ? { mistake: `${path} is a folder` } : undefined
    case 'new-file':
      if (kind !== 'nothing') return { mistake: `${path} is there already` }
      return isLoose ? { mistake: missing('no folder', dirname(path), place) } : undefined
    case 'new-folder':
      return isLoose ? { mistake: missing('no folder', dirname(path), place) } : noFolder(path, place)
    case 'new-folders':
      return isLoose ? { remark: `${missing('no folder', dirname(path), place)}; all are made` } : noFolder(path, place)
  }
}

function noFolder(path: string, { kind }: PlaceData): PathNote | undefined {
  return kind === 'file' ? { mistake: `${path} is no folder` } : undefined
}

/** A disk that is not plugged in is told by how far the path leads. */
function missing(what: string, path: string, { upTo }: PlaceData): string {
  return `there is ${what} ${path}: ${upTo} is the last on the way that is there`
}
