import { execFile } from 'node:child_process'
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { errnoOf } from '../../src/base/errors.ts'

const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 4 << 20
const COMMAND_MS_MAX = 20_000

/** A file system on a block device of this machine, mounted or not. */
export interface Volume {
  /** Path of the device. */
  readonly device: string
  readonly label: string
  /** As blkid(8) prints it. */
  readonly uuid: string
}

/** Where udev keeps its names of devices; tests have their own. */
export const DISK_FOLDER = '/dev/disk'

/**
 * Returns the volumes with a label: from udev's links in /dev/disk, or where they are missing from lsblk(8), or from
 * blkid(8), which reads the devices and needs root.
 */
export async function findVolumes(label: string, diskFolder = DISK_FOLDER): Promise<Volume[]> {
  for (const source of [() => udevVolumes(diskFolder), lsblkVolumes, blkidVolumes]) {
    const found = (await source()).filter((volume) => volume.label === label)
    if (found.length > 0) return found
  }
  return []
}

async function udevVolumes(diskFolder: string): Promise<Volume[]> {
  const [labels, uuids] = await Promise.all([links(join(diskFolder, 'by-label')), links(join(diskFolder, 'by-uuid'))])
  return labels.flatMap(({ name: label, device }) => {
    const uuid = uuids.find((other) => other.device === device)?.name
    return uuid === undefined ? [] : [{ device, label, uuid }]
  })
}

/** Returns the links of a folder; udev writes what is no plain character as \x and two hexadecimal digits. */
async function links(folder: string): Promise<{ name: string; device: string }[]> {
  const names = await readdir(folder).catch(() => [])
  const found = names.map(async (name) => {
    // A device that has just been taken away leaves its link for a moment.
    const device = await realpath(join(folder, name)).catch(() => undefined)
    return device === undefined ? [] : [{ name: decodeUdev(name), device }]
  })
  return (await Promise.all(found)).flat()
}

function decodeUdev(name: string): string {
  const bytes = name.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // Characters beyond ASCII stand there as they are or byte by byte.
  return bytes === name ? name : Buffer.from(bytes, 'latin1').toString('utf8')
}

async function lsblkVolumes(): Promise<Volume[]> {
  const text = await output('lsblk', ['--json', '--list', '--output', 'PATH,LABEL,UUID'])
  const parsed: unknown = text === '' ? undefined : JSON.parse(text)
  if (!isObject(parsed) || !Array.isArray(parsed['blockdevices'])) return []
  return parsed['blockdevices'].flatMap((each: unknown) => {
    if (!isObject(each)) return []
    const { path: device, label, uuid } = each
    if (typeof device !== 'string' || typeof label !== 'string' || typeof uuid !== 'string') return []
    return [{ device, label, uuid }]
  })
}

/** Lines NAME=value, an empty one between devices. Without its cache: that may tell of the disk that was there before. */
async function blkidVolumes(): Promise<Volume[]> {
  const blocks = (await output('blkid', ['-c', '/dev/null', '-o', 'export'])).split(/\n\n+/)
  return blocks.flatMap((block) => {
    const fields = new Map<string, string>()
    for (const line of block.split('\n')) {
      const at = line.indexOf('=')
      if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/\\(.)/g, '$1'))
    }
    const [device, label, uuid] = ['DEVNAME', 'LABEL', 'UUID'].map((name) => fields.get(name))
    return device === undefined || label === undefined || uuid === undefined ? [] : [{ device, label, uuid }]
  })
}

/** Returns what a command prints; one that is not there, or fails, prints nothing. */
async function output(command: string, words: readonly string[]): Promise<string> {
  try {
    const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX, timeout: COMMAND_MS_MAX } as const
    return (await run(command, words, options)).stdout
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || (error instanceof Error && 'stdout' in error)) return ''
    throw error
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
