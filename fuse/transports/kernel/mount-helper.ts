import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { errnoOf } from '../../../src/base/errors.ts'

export const MOUNT_HELPER = 'fusermount3'
const MESSAGE_CHARACTERS_MAX = 4096

export interface HelperCall {
  readonly words: readonly string[]
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
  /** A socket that it sends the device through. */
  readonly socket?: number
}

export interface HelperResult {
  readonly isDone: boolean
  /** What it said, in English. */
  readonly message: string
}

/**
 * Runs the program that mounts and unmounts for ordinary users, and waits until it is done; `undefined` where there is
 * none.
 */
export async function runHelper({ words, searchPath, socket }: HelperCall): Promise<HelperResult | undefined> {
  const child = spawn(MOUNT_HELPER, words, {
    stdio: ['ignore', 'ignore', 'pipe', ...(socket === undefined ? [] : [socket])],
    env: { PATH: searchPath, LC_ALL: 'C', ...(socket === undefined ? {} : { _FUSE_COMMFD: '3' }) },
  })
  let message = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    message = (message + text).slice(0, MESSAGE_CHARACTERS_MAX)
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return { isDone: code === 0, message: message.trim() }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
