import { readFileSync } from 'node:fs'
import { type ByteString, display } from '../byte-string.ts'

/** One line of /proc/self/mountinfo. */
export interface MountPoint {
  /** As `mountId` of a FileStatus. */
  readonly id: number
  readonly parentId: number
  readonly devMajor: number
  readonly devMinor: number
  /** Which directory of the file system is seen: `/`, or below it for a bind mount or a subvolume. */
  readonly root: ByteString
  /** Where it is seen. */
  readonly path: ByteString
  /** Of this mount, or of the whole file system. */
  readonly readOnly: boolean
  /** Such as `ext4` or `fuse.sshfs`. */
  readonly type: string
  /** The device or whatever the file system calls its source. */
  readonly source: ByteString
  /** Of a FUSE mount: the number of the user who mounted it. */
  readonly user: number | undefined
}

/** Returns what is mounted where in this process's mount name space, in the kernel's order: a later one covers. */
export function mountPoints(): MountPoint[] {
  return decodeMountInfo(readFileSync('/proc/self/mountinfo', 'latin1') as ByteString)
}

/**
 * Decodes the text of /proc/self/mountinfo; lines that are not as documented are left out.
 *
 * @see proc_pid_mountinfo(5)
 */
export function decodeMountInfo(text: ByteString): MountPoint[] {
  return text.split('\n').flatMap((line) => decodeLine(line) ?? [])
}

function decodeLine(line: string): MountPoint | undefined {
  const fields = line.split(' ')
  // Optional fields, any number of them, end with a lone hyphen.
  const separator = fields.indexOf('-', 6)
  const [id, parentId, device, root, path, options] = fields
  const [type, source, superOptions = ''] = separator < 0 ? [] : fields.slice(separator + 1)
  const numbers = /^(\d+):(\d+)$/.exec(device ?? '')
  if (root === undefined || path === undefined || options === undefined || numbers === null) return undefined
  if (type === undefined || source === undefined) return undefined
  return {
    id: Number(id),
    parentId: Number(parentId),
    devMajor: Number(numbers[1]),
    devMinor: Number(numbers[2]),
    root: unescape(root),
    path: unescape(path),
    readOnly: `${options},${superOptions}`.split(',').includes('ro'),
    type: display(unescape(type)),
    source: unescape(source),
    user: numberIn(/(?:^|,)user_id=(\d{1,10})(?:,|$)/.exec(superOptions)),
  }
}

function numberIn(found: RegExpExecArray | null): number | undefined {
  return found?.[1] === undefined ? undefined : Number(found[1])
}

/** Space, tab, newline, backslash and `#` are written as a backslash and three octal digits. */
function unescape(field: string): ByteString {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  ) as ByteString
}
