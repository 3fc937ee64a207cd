import { z } from 'zod'

import { type ByteString, byteString, byteStringOf } from '../base/byte-string.ts'
import { UsageError } from '../base/errors.ts'
import { jsonPath } from '../base/json-path.ts'
import { DEEP_PATH_BYTES_MAX } from '../base/limits.ts'
import type { SelectedPath } from '../engine/restore-types.ts'

/** What of a point is to be restored, path by path. */
export interface RestoreSelection {
  /** At least one. */
  readonly selections: readonly SelectedPath[]
  /** Paths below selections that stay out. */
  readonly without: readonly ByteString[]
}

/** No selection has more bytes as JSON: some hundred thousand paths. */
export const SELECTION_BYTES_MAX = 64 << 20

const place = {
  path: z.string().max(4 * DEEP_PATH_BYTES_MAX),
  pathBytes: z
    .string()
    .max(2 * DEEP_PATH_BYTES_MAX)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'it is no base64')
    .optional(),
}

const schema = z.strictObject({
  selections: z
    .array(z.strictObject({ ...place, overwrite: z.enum(['never', 'if-changed', 'if-newer', 'always']) }))
    .min(1, 'nothing is selected'),
  without: z.array(z.strictObject(place)).default([]),
})

/** Returns a selection as `decodeSelection` reads it. @see docs/json.md, "Selections" */
export function encodeSelection({ selections, without }: RestoreSelection): string {
  return JSON.stringify({
    selections: selections.map(({ path, overwrite }) => ({ ...jsonPath(path), overwrite })),
    without: without.map(jsonPath),
  })
}

/**
 * Decodes a selection, as `restore --selection` takes it.
 *
 * @throws {UsageError} BAD_ARGUMENT, saying what is wrong where.
 * @see docs/json.md, "Selections"
 */
export function decodeSelection(text: string): RestoreSelection {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw bad('it is no JSON', cause)
  }
  const decoded = schema.safeParse(value)
  if (!decoded.success) {
    const [issue] = decoded.error.issues
    throw bad(`${issue?.path.map((part) => `${String(part)}: `).join('') ?? ''}${issue?.message ?? 'not as expected'}`)
  }
  const { selections, without } = decoded.data
  return {
    selections: selections.map(({ overwrite, ...named }) => ({ path: pathOf(named), overwrite })),
    without: without.map(pathOf),
  }
}

function pathOf({ path, pathBytes }: { readonly path: string; readonly pathBytes?: string | undefined }): ByteString {
  const bytes = pathBytes === undefined ? byteStringOf(path) : byteString(Buffer.from(pathBytes, 'base64'))
  return pathInPoint(bytes)
}

/**
 * Returns an absolute path in a point as one of its names after the other.
 *
 * @throws {UsageError} BAD_ARGUMENT: it cannot be one.
 */
export function pathInPoint(path: ByteString): ByteString {
  if (!path.startsWith('/') || path.includes('\0') || path.length > DEEP_PATH_BYTES_MAX) {
    throw bad(`${jsonPath(path).path.slice(0, 100)} is no absolute path`)
  }
  const names = path.split('/').filter((name) => name !== '')
  if (names.some((name) => name === '.' || name === '..')) throw bad(`${jsonPath(path).path} has "." or ".." in it`)
  return `/${names.join('/')}` as ByteString
}

function bad(what: string, cause?: unknown): UsageError {
  return new UsageError('BAD_ARGUMENT', `what is to be restored is not well said: ${what}`, {
    cause,
    hint: 'See "Selections" in docs/json.md.',
  })
}
