import { resolve } from 'node:path'

import { utf8 } from '../../base/bytes.ts'
import { timespecOfMs } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import { formatBytes, formatTime } from '../../base/format.ts'
import { parseSize } from '../../base/parse-quantity.ts'
import { type TokenRow, Tokens } from '../../service/dunesea/tokens.ts'
import type { CliContext } from '../context.ts'
import { openDuneSeaStore } from '../dunesea-store.ts'
import { requireNewFile, writeNewSecretFile } from '../../service/new-secret-file.ts'
import { table } from '../table.ts'

export interface NewTokenFlags {
  readonly appendOnly?: boolean
  readonly quota?: string
  readonly tokenFile?: string
}

/** Makes a token, which is shown, or written to a file, once. */
export async function addToken(
  context: CliContext,
  request: NewTokenFlags & { readonly domain: string; readonly store: string | undefined },
): Promise<undefined> {
  const { clock, output, randomness, workingDirectory } = context
  const { domain, appendOnly = false, quota, store: folder } = request
  const quotaBytes = quota === undefined ? undefined : parseSize(quota, '--quota')
  const tokenFile = request.tokenFile === undefined ? undefined : resolve(workingDirectory, request.tokenFile)
  if (tokenFile !== undefined) await requireNewFile(tokenFile)
  using store = openDuneSeaStore(context, folder)
  const tokens = new Tokens(store.registry)
  const { token, text } = tokens.add({ domain, appendOnly, quotaBytes }, { clock, randomness })
  try {
    await (await store.openDomain(domain))[Symbol.asyncDispose]()
    if (tokenFile !== undefined) await writeNewSecretFile(tokenFile, utf8(`${text}\n`))
  } catch (error) {
    // Nobody has it, and nobody ever will.
    tokens.revoke(token.id)
    throw error
  }
  const where = tokenFile === undefined ? {} : { tokenFile }
  if (output.json)
    output.document({ ...token, quota: quotaBytes ?? null, ...where, ...(tokenFile ? {} : { token: text }) })
  else {
    output.message(`Token ${token.id} of ${domain}${appendOnly ? ', append-only' : ''}. It is shown only now:`)
    if (tokenFile === undefined) output.line(text)
    else output.message(`it lies in ${tokenFile}.`)
  }
}

/** Lists who may enter. */
export async function listTokens(context: CliContext, folder: string | undefined): Promise<undefined> {
  const { output } = context
  using store = openDuneSeaStore(context, folder)
  const rows = new Tokens(store.registry).list()
  if (output.json) {
    output.document(
      rows.map(({ createdMs, quotaBytes, ...token }) => ({
        ...token,
        created: new Date(createdMs).toISOString(),
        quota: quotaBytes ?? null,
      })),
    )
    return
  }
  const lines = table<TokenRow>(
    [
      { title: 'Token', value: ({ id }) => id },
      { title: 'Domain', value: ({ domain }) => domain },
      { title: 'May', value: ({ appendOnly }) => (appendOnly ? 'add' : 'add, remove') },
      { title: 'Quota', value: ({ quotaBytes }) => (quotaBytes === undefined ? '' : formatBytes(quotaBytes)) },
      { title: 'Since', value: ({ createdMs }) => formatTime(timespecOfMs(createdMs)) },
    ],
    rows,
  )
  for (const line of lines) output.line(line)
}

/** Ends a token. */
export async function revokeToken(
  context: CliContext,
  { id, store: folder }: { readonly id: string; readonly store: string | undefined },
): Promise<undefined> {
  const { output } = context
  using store = openDuneSeaStore(context, folder)
  if (!new Tokens(store.registry).revoke(id)) {
    throw new UsageError('BAD_ARGUMENT', `there is no token ${id}`, {
      hint: '`tidemark serve dunesea token list` shows them.',
    })
  }
  if (output.json) output.document({ id, revoked: true })
  else output.message(`Token ${id} opens nothing any more; what was stored with it stays.`)
}
