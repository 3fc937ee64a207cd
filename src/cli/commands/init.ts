import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'

import { utf8 } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import { wipe } from '../../crypto/secret.ts'
import { formatRecoveryCode, RECOVERY_CODE_BYTES } from '../../format/recovery-code.ts'
import { createRepository } from '../../repository/create-repository.ts'
import type { NewSlot } from '../../repository/new-slot.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { addRepository, readConfiguration } from '../../service/configuration.ts'
import { suggestRepositoryName } from '../../service/repository-name.ts'
import { type RepositoryPlace, resolveRepository } from '../../service/resolve-repository.ts'
import { configuredPassword } from '../configured-secrets.ts'
import type { CliContext } from '../context.ts'
import { driverKindOf } from '../drivers.ts'
import { kdfParameters } from '../kdf-memory.ts'
import { writeNewSecretFile } from '../../service/new-secret-file.ts'
import { parseSeconds } from '../../base/parse-quantity.ts'
import { surroundingsOf } from '../open-store.ts'
import { recoveryCodeNotice } from '../recovery-code-notice.ts'
import { refuseTaken } from '../refuse-taken.ts'
import { newPassword } from '../secrets.ts'

export interface InitFlags {
  readonly recoveryFile?: string
  /** False with --no-recovery. */
  readonly recovery: boolean
  readonly kdfMemory?: string
  readonly pruneGrace?: string
  readonly name?: string
}

const GRACE_SECONDS_MAX = 10 * 366 * 86_400

/** Creates a repository, names it in the configuration, and gives out its recovery code once. */
export async function initCommand(context: CliContext, flags: InitFlags): Promise<undefined> {
  const { output } = context
  const kdf = kdfParameters(flags.kdfMemory)
  const graceSeconds = flags.pruneGrace === undefined ? undefined : graceOf(flags.pruneGrace)
  requireRecoveryChoice(context, flags)
  const place = await newPlace(context)
  const kind = driverKindOf(place)
  const wanted = { purpose: place.url, useEnvironment: true, configured: configuredPassword(place) }
  let password: SlotSecret | undefined
  const surroundings = await surroundingsOf(context, place, async () => {
    return copyOf((password ??= await newPassword(context.secrets, wanted)))
  })
  try {
    await refuseTaken(() => kind.open(place.url, surroundings))
    password ??= await newPassword(context.secrets, wanted)
  } catch (error) {
    if (password !== undefined) wipe(password.bytes)
    throw error
  }

  const recovery = flags.recovery ? context.randomness.bytes(RECOVERY_CODE_BYTES) : undefined
  const code = recovery === undefined ? undefined : formatRecoveryCode(recovery)
  const recoveryFile = flags.recoveryFile === undefined ? undefined : resolve(flags.recoveryFile)
  // Before the repository: a code that opens nothing is harmless, a repository without its code is not.
  if (recoveryFile !== undefined && code !== undefined) await writeNewSecretFile(recoveryFile, utf8(`${code}\n`))
  const slots: [NewSlot, ...NewSlot[]] = [{ secret: password, label: 'password', kdf }]
  if (recovery !== undefined) {
    slots.push({ secret: { kind: 'recovery-code', bytes: recovery }, label: 'recovery code' })
  }
  const { clock, randomness } = context
  const grace = graceSeconds === undefined ? {} : { graceSeconds }
  const giveUp = async (error: unknown): Promise<never> => {
    wipe(...slots.map(({ secret }) => secret.bytes))
    if (recoveryFile !== undefined) await rm(recoveryFile, { force: true })
    throw error
  }
  await kind.create(place.url, surroundings).catch(giveUp)
  await using driver = await kind.open(place.url, surroundings).catch(giveUp)
  using keys = await createRepository(driver, { slots, clock, randomness, ...grace }).catch(giveUp)
  wipe(...slots.map(({ secret }) => secret.bytes))

  if (code !== undefined && recoveryFile === undefined) {
    for (const line of recoveryCodeNotice(code)) output.error(line)
  }
  const named = await nameIt(context, { place, wanted: flags.name })
  if (output.json) {
    output.document({ repository: keys.repository, location: place.url, ...named, recoveryFile: recoveryFile ?? null })
    return
  }
  output.message(`Created the repository ${place.url}.`)
  const use = named.default ? 'it is used when no repository is named' : `use it with -r ${named.name}`
  output.message(`It is called "${named.name}" in ${context.paths.configFile}: ${use}.`)
  if (recoveryFile !== undefined) output.message(`Its recovery code is in ${recoveryFile}: keep a copy elsewhere.`)
  if (recovery === undefined) {
    output.message('It has no recovery code: whoever forgets the password has lost what it holds.')
  }
}

function graceOf(text: string): number {
  const seconds = parseSeconds(text, '--prune-grace')
  if (seconds <= GRACE_SECONDS_MAX) return seconds
  throw new UsageError('BAD_ARGUMENT', `--prune-grace ${text} is more than ten years`, { hint: 'Choose less.' })
}

function requireRecoveryChoice(context: CliContext, flags: InitFlags): void {
  if (context.interactive || flags.recoveryFile !== undefined || !flags.recovery) return
  throw new UsageError('BAD_ARGUMENT', 'there is no terminal to show the recovery code on', {
    hint: 'Name a file for it with --recovery-file FILE, or go without one with --no-recovery.',
  })
}

function copyOf({ kind, bytes }: SlotSecret): SlotSecret {
  return { kind, bytes: bytes.slice() }
}

async function newPlace(context: CliContext): Promise<RepositoryPlace> {
  const { repository: given, workingDirectory, paths } = context
  if (given === undefined) {
    throw new UsageError('BAD_ARGUMENT', 'where the repository is to be was not said', {
      hint: 'Name it with -r PATH or TIDEMARK_REPOSITORY.',
    })
  }
  // A configuration that cannot be read is found before anything is made.
  await readConfiguration(paths.configFile)
  return resolveRepository({ given, configFile: paths.configFile, workingDirectory, isNew: true })
}

async function nameIt(
  { paths }: CliContext,
  request: { readonly place: RepositoryPlace; readonly wanted: string | undefined },
): Promise<{ readonly name: string; readonly default: boolean }> {
  const { url, name: known } = request.place
  const before = await readConfiguration(paths.configFile)
  const same = [...before.repositories.values()].find((each) => each.url === url)?.name
  const taken = new Set(before.repositories.keys())
  const name = request.wanted ?? known ?? same ?? suggestRepositoryName(url, taken)
  const after = await addRepository(paths.configFile, { name, url, makeDefault: false })
  return { name, default: after.default === name }
}
