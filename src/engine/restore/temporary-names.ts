import type { ByteString } from '../../base/byte-string.ts'
import type { Timespec } from '../../base/clock.ts'
import { hasEnded, processTag } from '../../base/process-identity.ts'

const PREFIX = '.tidemark-'
const NAME = /^\.tidemark-(?:([0-9a-f]{16}-[0-9]+-[0-9]+)-)?[0-9a-f]{8}-[0-9]+$/
/** Of a restore that nobody here can know to have ended. */
const LEFT_OVER_MS = 24 * 3600_000

/** Makes the names that entries of one restore have before they are whole. */
export class TemporaryNames {
  readonly #start: string
  #count = 0

  /** @param token eight hexadecimal digits that no other restore of this process has. */
  constructor(token: string) {
    const tag = processTag()
    this.#start = `${PREFIX}${tag === undefined ? '' : `${tag}-`}${token}-`
  }

  next(): ByteString {
    return `${this.#start}${this.#count++}` as ByteString
  }
}

/** Tells whether an entry of the target may be what a restore that was killed left behind, by its name. */
export function isTemporaryName(name: ByteString): boolean {
  return name.startsWith(PREFIX) && NAME.test(name)
}

/** Tells whether a restore left such an entry behind: its process has ended, or a day has passed. */
export function isLeftOver(name: ByteString, changed: Timespec, nowMs: number): boolean {
  const tag = NAME.exec(name)?.[1]
  const ended = tag === undefined ? undefined : hasEnded(tag)
  return ended ?? changed.seconds * 1000 < nowMs - LEFT_OVER_MS
}
