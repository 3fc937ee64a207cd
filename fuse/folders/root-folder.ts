import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { fileNameOf, freeName } from '../../src/base/file-name.ts'
import { AtFolder } from './at-folder.ts'
import { nameChains } from './chain-names.ts'
import { folderOf, linkTo, entryOf } from './entries.ts'
import type { Folder, FolderEntry } from './folder.ts'
import type { MountedPoint, PointSet, PointSource } from './mounted-points.ts'
import { SetFolder } from './set-folder.ts'
import { VersionHistories } from './version-histories.ts'
import { versionsFolder } from './versions-folder.ts'

const LATEST = 'latest' as ByteString

/** Returns the root of the mount of a whole repository. */
export function rootFolder(source: PointSource): Folder {
  const histories = new VersionHistories(source)
  const folders = Object.entries({
    points: new SetFolder(source, ({ points }) => points.map((point) => entryOf(point, point.folderName))),
    instances: instanceFolders(source, (chain) => chainFolder(source, chain)),
    at: new AtFolder(source),
    tags: tagFolders(source),
    records: new SetFolder(source, ({ points }) => points.map(recordOf)),
    versions: instanceFolders(source, (chain) => versionsFolder(histories, chain)),
  })
  return new SetFolder(source, (set) => {
    const points = backupsOf(set)
    const entries = folders.map(([name, folder]) => folderOf(byteStringOf(name), folder, set))
    const latest = points.at(-1)
    const isOneChain = points.every(({ chain }) => chain === latest?.chain)
    return latest === undefined || !isOneChain ? entries : [...entries, linkTo(latest, { name: LATEST, up: '' })]
  })
}

function backupsOf({ points }: PointSet): readonly MountedPoint[] {
  return points.filter(({ isUndo }) => !isUndo)
}

/** Returns a folder of all instances, each a folder of its chains; `ofChain` makes those. */
function instanceFolders(source: PointSource, ofChain: (chain: string) => Folder): Folder {
  const chainsOf = (instance: ByteString): Folder => {
    return new SetFolder(source, (set) => {
      const chains = nameChains(backupsOf(set)).filter(({ instanceName }) => instanceName === instance)
      return chains.map(({ id, name }) => folderOf(name, ofChain(id), set))
    })
  }
  return new SetFolder(source, (set) => {
    const names = new Set(nameChains(backupsOf(set)).map(({ instanceName }) => instanceName))
    return Array.from(names, (name) => folderOf(name, chainsOf(name), set))
  })
}

/** Returns a folder of links to the points of a chain. */
function chainFolder(source: PointSource, chain: string): Folder {
  return new SetFolder(source, (set) => {
    const ofChain = backupsOf(set).filter((point) => point.chain === chain)
    const links = ofChain.map((point) => linkTo(point, { name: point.folderName, up: '../../../' }))
    const latest = ofChain.at(-1)
    return latest === undefined ? links : [...links, linkTo(latest, { name: LATEST, up: '../../../' })]
  })
}

/** Returns a folder of all tags, each a folder of links to the points that have it. */
function tagFolders(source: PointSource): Folder {
  const taggedWith = (tag: string): Folder => {
    return new SetFolder(source, ({ points }) => {
      const tagged = points.filter(({ tags }) => tags.includes(tag))
      return tagged.map((point) => linkTo(point, { name: point.folderName, up: '../../' }))
    })
  }
  return new SetFolder(source, (set) => {
    const names = new Map<ByteString, string>()
    for (const tag of [...new Set(set.points.flatMap(({ tags }) => tags))].sort()) {
      names.set(freeName(fileNameOf(tag, 'tag'), names), tag)
    }
    return Array.from(names, ([name, tag]) => folderOf(name, taggedWith(tag), set))
  })
}

function recordOf(point: MountedPoint): FolderEntry {
  const name = `${point.folderName}.json` as ByteString
  return { kind: 'bytes', name, read: async () => point.record(), mtime: point.started }
}
