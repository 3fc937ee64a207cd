import { constants } from 'node:os'
import { type ByteString, byteStringOf } from '../byte-string.ts'
import { cString } from './c-string.ts'
import { addressOf, libc } from './libc.ts'

const { EINTR, ERANGE } = constants.errno

// struct passwd and struct group on 64-bit machines: the name's address first, the number at 16.
const ENTRY_BYTES = 64
const NUMBER_OFFSET = 16
const TEXT_BYTES_MIN = 4096
/** A group entry holds all members; one that is larger counts as unknown. */
const TEXT_BYTES_MAX = 4 << 20
/** Bytes of a user's or group's name that is looked up. */
const NAME_BYTES_MAX = 256

interface Entry {
  readonly name: string
  readonly number: number
}
type Lookup = (entry: Uint8Array, text: Uint8Array, bytes: number, result: Uint8Array) => number

/**
 * Names of users and groups as the machine knows them: its files, LDAP or whatever nsswitch.conf(5) says.
 *
 * Remembers every answer, so one lives as long as one run. A look-up may wait for a server; one that fails counts as
 * unknown.
 */
export class OwnerNames {
  readonly #users = new Map<number, string | undefined>()
  readonly #groups = new Map<number, string | undefined>()
  readonly #uids = new Map<string, number | undefined>()
  readonly #gids = new Map<string, number | undefined>()

  /** Returns the name of the user with the number `uid`. */
  userName(uid: number): string | undefined {
    return remembered(this.#users, uid, () => lookUp((...rest) => libc().getpwuid_r(uid, ...rest))?.name)
  }

  /** Returns the name of the group with the number `gid`. */
  groupName(gid: number): string | undefined {
    return remembered(this.#groups, gid, () => lookUp((...rest) => libc().getgrgid_r(gid, ...rest))?.name)
  }

  /** Returns the number of the user called `name`, any text. */
  userId(name: string): number | undefined {
    return remembered(this.#uids, name, () => {
      const bytes = nameBytes(name)
      return bytes && lookUp((...rest) => libc().getpwnam_r(bytes, ...rest))?.number
    })
  }

  /** Returns the number of the group called `name`, any text. */
  groupId(name: string): number | undefined {
    return remembered(this.#gids, name, () => {
      const bytes = nameBytes(name)
      return bytes && lookUp((...rest) => libc().getgrnam_r(bytes, ...rest))?.number
    })
  }
}

function remembered<Key, Value>(answers: Map<Key, Value>, key: Key, find: () => Value): Value {
  if (answers.has(key)) return answers.get(key) as Value
  const value = find()
  answers.set(key, value)
  return value
}

/** Names come from backups of other machines: nothing that cannot be one reaches the name services. */
function nameBytes(name: string): Buffer | undefined {
  const bytes: ByteString = byteStringOf(name)
  return bytes === '' || bytes.length > NAME_BYTES_MAX || bytes.includes('\0') ? undefined : cString(bytes)
}

function lookUp(call: Lookup): Entry | undefined {
  const entry = Buffer.alloc(ENTRY_BYTES)
  const result = Buffer.alloc(8)
  for (let bytes = TEXT_BYTES_MIN; bytes <= TEXT_BYTES_MAX;) {
    const text = Buffer.alloc(bytes)
    const reason = call(entry, text, bytes, result)
    if (reason === EINTR) continue
    if (reason === ERANGE) {
      bytes *= 4
      continue
    }
    if (reason !== 0 || result.readBigUInt64LE(0) === 0n) return undefined
    // The name lies within `text`.
    const from = Number(entry.readBigUInt64LE(0)) - addressOf(text)
    const end = from < 0 || from >= bytes ? -1 : text.indexOf(0, from)
    if (end < 0) return undefined
    return { name: text.toString('utf8', from, end), number: entry.readUInt32LE(NUMBER_OFFSET) }
  }
  return undefined
}
