import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { allVectors, vectorText } from './all-vectors.ts'

// Writes every golden vector. A file that changes is a change of the format: it needs a new version, or it is a mistake.
for (const vector of await allVectors()) {
  const path = join(import.meta.dirname, vector.path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, vectorText(vector))
}
