import { hostname, userInfo } from 'node:os'

import type { NewInstance } from '../repository/instance-key.ts'

/** Returns what a new instance says of itself: this computer and this user. */
export function describeInstance(): NewInstance {
  const host = bounded(hostname())
  const user = bounded(userName())
  return { name: bounded(`${user}@${host}`), host, user }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the system's list, as containers have them.
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** Names in records have at most 255 bytes. */
function bounded(text: string): string {
  let result = text
  while (Buffer.byteLength(result) > 255) result = result.slice(0, -1)
  return result
}
