import { resolve } from 'node:path'

import { present } from '../../base/assert.ts'
import { utf8 } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { numberOf } from '../../base/number-of.ts'
import { wipe } from '../../crypto/secret.ts'
import type { OpenedKeys } from '../../repository/open-keys.ts'
import { revisionMemoryIn } from '../../repository/revision-memory.ts'
import {
  addRecoveryCode,
  addSlot,
  exportKeyFile,
  listSlots,
  removeSlot,
  requireFull,
  rotateKeys,
  ROTATION_NOTICE,
  SLOT_REMOVAL_NOTICE,
  type SlotContext,
  type SlotInfo,
  type SlotRemovalContext,
} from '../../repository/slot-changes.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import { changePasswordAndSeals, SEALED_ANEW_NOTICE, sealedKinds } from '../../service/change-password.ts'
import type { CredentialKind } from '../../service/secret-source.ts'
import type { Session } from '../../service/session.ts'
import { type BackupOnlyFlags, type BackupOnlyRealm, backupOnlyRealm } from '../../service/backup-only-realm.ts'
import type { CredentialReader } from '../configured-secrets.ts'
import type { CliContext } from '../context.ts'
import { formatTime, formatTimestamp } from '../../base/format.ts'
import { kdfParameters } from '../kdf-memory.ts'
import { keepOrTakeBack } from '../../service/keys/keep-slot-secret.ts'
import { slotLabel } from '../../service/keys/slot-label.ts'
import { requireNewFile } from '../../service/new-secret-file.ts'
import { openSession } from '../open-session.ts'
import { recoveryCodeNotice } from '../recovery-code-notice.ts'
import { newPassword, passwordFromFile } from '../secrets.ts'
import { table } from '../table.ts'

export interface NewKeyFlags {
  /** A word for people. */
  readonly label?: string
}
export interface NewPasswordFlags extends NewKeyFlags, BackupOnlyFlags {
  readonly newPasswordFile?: string
  readonly kdfMemory?: string
}

/** Lists the slots. */
export async function listKeys(context: CliContext): Promise<undefined> {
  const { output } = context
  await using session = await openSession(context)
  const { driver, keys } = await session.repository
  const slots = await listSlots(driver, keys)
  if (output.json) {
    const unknown = { kind: null, keySet: null, order: null }
    const created = formatTimestamp(keys.created)
    output.document(
      slots.map((slot) => ({
        ...{ ...unknown, ...slot, realm: realmName(keys, slot), realmId: slot.realm ?? null },
        ...(slot.current ? { label: keys.label, created } : { label: null, created: null }),
      })),
    )
    return
  }
  const lines = table<SlotInfo>(
    [
      { title: 'Slot', value: ({ id }) => id.slice(0, 8) },
      { title: 'Opens with', value: ({ kind }) => kind?.replace('-', ' ') ?? '?' },
      { title: 'Gives', value: ({ keySet }) => keySet ?? '?' },
      { title: 'Realm', value: (slot) => realmName(keys, slot) ?? slot.realm?.slice(0, 8) ?? '' },
      // What a slot is called lies sealed in it, and since when it is there: of the others nobody knows.
      { title: 'Label', value: ({ current }) => (current ? keys.label : '') },
      { title: 'Since', value: ({ current }) => (current ? formatTime(keys.created) : '') },
      { title: '', value: noteOf },
    ],
    slots,
  )
  for (const line of lines) output.line(line)
}

/** What the realm of a backup-only slot is called, where the opened key knows it. */
function realmName({ ring }: OpenedKeys, { realm }: SlotInfo): string | null {
  return realm !== undefined && ring.realms().includes(realm) ? ring.realm(realm).name : null
}

function noteOf({ current, damaged, listed }: SlotInfo): string {
  const notes = [current ? 'opened now' : '', damaged ? 'damaged' : '', listed ? '' : 'not vouched for by the owner']
  return notes.filter((note) => note !== '').join(', ')
}

/** Adds a password. */
export async function addKey(context: CliContext, flags: NewPasswordFlags): Promise<undefined> {
  const kdf = kdfParameters(flags.kdfMemory)
  const label = slotLabel(flags.label, flags.backupOnly === true ? 'backup-only' : 'password')
  await using session = await openSession(context)
  const slots = await slotContext(context, session)
  const realm = realmOf(slots, flags, label)
  const secret = await askNewPassword(context, flags)
  const slot = await addSlot(slots, { secret, label, kdf }, realm)
  wipe(secret.bytes)
  tell(context, { slot, ...told(realm) }, `Added the password as slot ${slot.slice(0, 8)}${into(realm)}.`)
  if (realm !== undefined) context.output.message(realm.notice)
}

function realmOf(
  { opened, randomness }: SlotContext,
  flags: BackupOnlyFlags,
  label: string,
): BackupOnlyRealm | undefined {
  // Said before a new password is asked for.
  requireFull(opened)
  return backupOnlyRealm(flags, { ring: opened.ring, label, randomness })
}

function told(realm: BackupOnlyRealm | undefined): Record<string, unknown> {
  if (realm === undefined) return { keySet: 'full' }
  const { id: realmId, name, isNew: isNewRealm, notice } = realm
  return { keySet: 'backup-only', realm: name, realmId, isNewRealm, notice }
}

function into(realm: BackupOnlyRealm | undefined): string {
  return realm === undefined
    ? ''
    : `, which writes into ${realm.isNew ? 'the new realm' : 'the realm'} "${realm.name}" alone`
}

/** Makes a new generation of the keys. */
export async function rotateKey(context: CliContext): Promise<undefined> {
  await using session = await openSession(context)
  const slots = await slotContext(context, session)
  const { generation, slots: taken } = await rotateKeys(slots)
  const leftOut = (await listSlots(session.driver, slots.opened)).filter(({ listed }) => !listed).map(({ id }) => id)
  const fields = { generation, slots: taken, leftOut, notice: ROTATION_NOTICE }
  tell(context, fields, `New data has keys of generation ${generation}, which ${numberOf(taken, 'key slot')} can use.`)
  for (const id of leftOut)
    context.output.warning(`Slot ${id.slice(0, 8)} was left out: the owner does not vouch for it.`)
  context.output.message(ROTATION_NOTICE)
}

/** Removes a slot. */
export async function removeKey(
  context: CliContext,
  name: string,
  flags: { readonly yes?: boolean },
): Promise<undefined> {
  await using session = await openSession(context)
  const slots = await slotContext(context, session)
  const slot = slotNamed(await listSlots(session.driver, slots.opened), name)
  if (flags.yes !== true) {
    if (!context.interactive) {
      throw new UsageError('CONFIRMATION_NEEDED', `slot ${slot.slice(0, 8)} would be removed for good`, {
        hint: 'Say --yes where nobody can be asked.',
      })
    }
    if (!(await context.confirm(`Remove slot ${slot.slice(0, 8)}?`))) return
  }
  await removeSlot(slots, slot)
  const left = (await listSlots(session.driver, slots.opened)).filter(({ keySet }) => keySet === 'full')
  if (!left.some(({ kind }) => kind === 'password')) {
    context.output.warning('no password opens the whole repository any more: `tidemark key add` adds one.')
  }
  tell(context, { slot, removed: true, notice: SLOT_REMOVAL_NOTICE }, `Removed slot ${slot.slice(0, 8)}.`)
  context.output.message(SLOT_REMOVAL_NOTICE)
}

/** Replaces the password that opened the repository. */
export async function changeKey(context: CliContext, flags: NewPasswordFlags): Promise<undefined> {
  const kdf = kdfParameters(flags.kdfMemory)
  let credential: CredentialReader | undefined
  const options = { onCredentials: (read: CredentialReader) => void (credential = read) }
  await using session = await openSession(context, context.repository, options)
  const slots = await slotContext(context, session)
  const opened = (await listSlots(session.driver, slots.opened)).find(({ current }) => current)
  if (opened?.kind !== 'password') {
    throw new UsageError('BAD_ARGUMENT', 'the repository was not opened with a password', {
      hint: 'Add a password with `tidemark key add`, and remove the old one with `tidemark key remove`.',
    })
  }
  const secret = await askNewPassword(context, flags)
  const { configured } = session.place
  const sealed = configured && {
    configFile: context.paths.configFile,
    configured,
    read: async (kind: CredentialKind) => utf8(present(await credential?.(kind), 'what was opened with the password')),
  }
  const slot = await changePasswordAndSeals(slots, { secret, label: slots.opened.label, kdf }, sealed)
  wipe(secret.bytes)
  const sealedAnew = sealedKinds(configured)
  const fields = { slot, removed: opened.id, sealedAnew, notice: SLOT_REMOVAL_NOTICE }
  tell(context, fields, 'Changed the password.')
  context.output.message(SLOT_REMOVAL_NOTICE)
  if (sealedAnew.length > 0) context.output.message(SEALED_ANEW_NOTICE)
}

/** Makes a recovery code. */
export async function addRecovery(
  context: CliContext,
  flags: NewKeyFlags & { readonly recoveryFile?: string },
): Promise<undefined> {
  const { output } = context
  const label = slotLabel(flags.label, 'recovery code')
  if (flags.recoveryFile === undefined && !context.interactive) {
    throw new UsageError('BAD_ARGUMENT', 'there is no terminal to show the recovery code on', {
      hint: 'Name a file for it with --recovery-file FILE.',
    })
  }
  const file = flags.recoveryFile === undefined ? undefined : resolve(context.workingDirectory, flags.recoveryFile)
  if (file !== undefined) await requireNewFile(file)
  await using session = await openSession(context)
  const slots = await slotContext(context, session)
  const { id: slot, code } = await addRecoveryCode(slots, label)
  if (file === undefined) for (const line of recoveryCodeNotice(code)) output.error(line)
  else await keepOrTakeBack(slots, slot, { file, content: utf8(`${code}\n`) })
  const where = file === undefined ? '' : ` Its code is in ${file}: keep a copy elsewhere.`
  tell(context, { slot, recoveryFile: file ?? null }, `Added the recovery code as slot ${slot.slice(0, 8)}.${where}`)
}

/** Makes a key file. */
export async function exportKey(
  context: CliContext,
  path: string,
  flags: NewKeyFlags & BackupOnlyFlags,
): Promise<undefined> {
  const label = slotLabel(flags.label, flags.backupOnly === true ? 'backup-only' : 'key file')
  const file = resolve(context.workingDirectory, path)
  await requireNewFile(file)
  await using session = await openSession(context)
  const slots = await slotContext(context, session)
  const realm = realmOf(slots, flags, label)
  const { id: slot, file: content } = await exportKeyFile(slots, label, realm)
  await keepOrTakeBack(slots, slot, { file, content })
  const does =
    realm === undefined ? 'opens the repository without a password' : `backs up without a password${into(realm)}`
  tell(context, { slot, keyFile: file, ...told(realm) }, `Wrote ${file}: whoever has it ${does}.`)
  if (realm !== undefined) context.output.message(realm.notice)
}

async function slotContext(context: CliContext, session: Session): Promise<SlotRemovalContext> {
  const repository = await session.repository
  const { driver, instance: signer, keys: opened } = repository
  const { clock, randomness } = context
  return {
    driver,
    opened,
    clock,
    randomness,
    memory: revisionMemoryIn(session.cache),
    recordsIn: (realm) => repository.recordsIn(realm),
    signer,
  }
}

async function askNewPassword(context: CliContext, flags: NewPasswordFlags): Promise<SlotSecret> {
  if (flags.newPasswordFile !== undefined) {
    const file = resolve(context.workingDirectory, flags.newPasswordFile)
    return passwordFromFile(context.secrets, { file, namedBy: '--new-password-file' })
  }
  if (context.secrets.interactive) {
    return newPassword(context.secrets, { purpose: 'the repository', useEnvironment: false })
  }
  throw new UsageError('BAD_ARGUMENT', 'there is no terminal to ask for the new password on', {
    hint: 'Put it into a file and name that with --new-password-file.',
  })
}

function slotNamed(slots: readonly SlotInfo[], name: string): ObjectId {
  const matching = slots.filter(({ id }) => id.startsWith(name.toLowerCase()))
  const [first, ...others] = matching
  if (first !== undefined && others.length === 0) return first.id
  throw new UsageError(
    'BAD_ARGUMENT',
    `"${name}" fits ${matching.length === 0 ? 'no key slot' : `${matching.length} key slots`}`,
    {
      context: { slot: name },
      hint: '`tidemark key list` shows their ids.',
    },
  )
}

function tell({ output }: CliContext, fields: Readonly<Record<string, unknown>>, message: string): void {
  if (output.json) output.document(fields)
  else output.message(message)
}
