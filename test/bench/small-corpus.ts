import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { CorpusSize } from './corpus-size.ts'
import { copyTree, machineTrees } from './machine-trees.ts'
import { SeededBytes } from './seeded-bytes.ts'

const ICON_BYTES = 2_000
/** Of the synthetic files, how many are icons. */
const ICON_SHARE = 0.6

const WORDS = (
  'account after again also archive because before between board budget building change city client contract copy council ' +
  'date decision delivery department detail draft during each early event every example figure final first following from ' +
  'general group have however important include information invoice large last letter level line local made market measure ' +
  'meeting member minute month more most need next note number offer office only order other over owner page paper part ' +
  'payment people period person plan point present price problem process product program project public question reason ' +
  'record region report request result review right second section service several should since small some state still ' +
  'street subject such summary system table term their there these this those three through time total travel under until ' +
  'value version water week when where which while with within without work would year'
).split(' ')

/** Writes text of about `length` bytes: sentences of plain words and numbers. */
function text(random: SeededBytes, length: number): string {
  let result = ''
  while (result.length < length) {
    const words = Array.from({ length: 6 + random.below(12) }, () =>
      random.below(12) === 0 ? String(random.below(100_000)) : random.choice(WORDS),
    )
    result += words.join(' ') + (random.below(5) === 0 ? '.\n\n' : '. ')
  }
  return result
}

function scalableIcon(random: SeededBytes, length: number): string {
  let path = ''
  while (path.length < length - 120)
    path += `${random.choice(['M', 'L', 'C'])}${random.below(512)} ${random.below(512)} `
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><path fill="#${random.below(0xffffff).toString(16)}" d="${path}"/></svg>\n`
}

/** Writes what a compressed format holds: a short header, then bytes that no compressor shortens. */
function compressed(random: SeededBytes, magic: string, length: number): Uint8Array {
  return Buffer.concat([Buffer.from(magic, 'latin1'), random.bytes(length)])
}

function icon(random: SeededBytes): { readonly suffix: string; readonly content: string | Uint8Array } {
  const length = random.size(ICON_BYTES)
  if (random.below(2) === 0) return { suffix: 'svg', content: scalableIcon(random, length) }
  return { suffix: 'png', content: compressed(random, '\x89PNG\r\n\x1a\n', length) }
}

function document(
  random: SeededBytes,
  bytes: number,
): { readonly suffix: string; readonly content: string | Uint8Array } {
  const length = random.size(bytes)
  const kind = random.below(10)
  if (kind < 2) return { suffix: 'txt', content: text(random, length) }
  if (kind < 5) return { suffix: 'docx', content: compressed(random, 'PK\x03\x04', length) }
  if (kind < 8) return { suffix: 'pdf', content: compressed(random, '%PDF-1.7\n', length) }
  return { suffix: 'jpg', content: compressed(random, '\xff\xd8\xff\xe0', length) }
}

/**
 * Builds the corpus of many small files at `path`: copies of the machine's headers, Python and node_modules, then seeded
 * documents and icons until the numbers of `size` are reached.
 */
export function buildSmallCorpus(path: string, size: CorpusSize): void {
  mkdirSync(path, { recursive: true })
  const trees = machineTrees()
  const left = { files: size.files, folders: size.folders, bytes: size.bytes }
  const copy = (
    sources: readonly string[],
    name: string,
    share: { readonly files: number; readonly bytes: number },
  ): void => {
    const most = { files: share.files * size.files, bytes: share.bytes * size.bytes }
    for (const [index, source] of sources.entries()) {
      const done = copyTree(source, join(path, `${name}-${index}`), most)
      for (const key of ['files', 'folders', 'bytes'] as const) left[key] -= done[key]
      most.files -= done.files
      most.bytes -= done.bytes
    }
  }
  copy(trees.headers, 'include', { files: 0.12, bytes: 0.13 })
  copy(trees.python, 'python', { files: 0.15, bytes: 0.15 })
  copy(trees.modules, 'node_modules', { files: 0.13, bytes: 0.16 })

  const random = new SeededBytes('small corpus')
  const folders = Math.round(Math.max(size.folders / 13, left.folders))
  const icons = Math.round(left.files * ICON_SHARE)
  const documents = left.files - icons
  const documentBytes = Math.max(1000, (left.bytes - icons * ICON_BYTES) / documents)
  for (let folder = 0; folder < folders; folder++) {
    const isIcons = folder < folders * ICON_SHARE
    const name = join(path, isIcons ? 'icons' : 'documents', `${Math.floor(folder / 20)}`, `${folder}`)
    mkdirSync(name, { recursive: true })
    const count = isIcons ? icons / (folders * ICON_SHARE) : documents / (folders * (1 - ICON_SHARE))
    for (let file = 0; file < count; file++) {
      const { suffix, content } = isIcons ? icon(random) : document(random, documentBytes)
      writeFileSync(join(name, `${random.choice(WORDS)}-${file}.${suffix}`), content)
    }
  }
}
