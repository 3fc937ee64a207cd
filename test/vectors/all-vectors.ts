import { readdir } from 'node:fs/promises'
import type { VectorFile } from './vector-file.ts'

/** Runs every `generate-*.ts` in this folder and returns what they made, sorted by path. */
export async function allVectors(): Promise<VectorFile[]> {
  const vectors: VectorFile[] = []
  for (const name of (await readdir(import.meta.dirname)).sort()) {
    if (!/^generate-.*\.ts$/.test(name)) continue
    const generator = (await import(`./${name}`)) as { generate: () => VectorFile[] | Promise<VectorFile[]> }
    vectors.push(...(await generator.generate()))
  }
  return vectors.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Returns the content of a vector's file. */
export function vectorText(vector: VectorFile): string {
  return `${JSON.stringify(vector.content, null, 2)}\n`
}
