import { join } from 'node:path'

import { z } from 'zod'

import { createExternalStore, openExternalDriver, type VolumeMemory } from '../../drivers/external/external-driver.ts'
import { parseExternalUrl } from '../../drivers/external/external-location.ts'
import type { LocalDriver } from '../../drivers/local/local-driver.ts'
import { utf8 } from '../base/bytes.ts'
import { UsageError } from '../base/errors.ts'
import { readPrivateFile, writePrivateFile } from '../service/private-file.ts'
import type { DriverSurroundings } from './drivers.ts'

const FILE_BYTES_MAX = 1 << 20

/** UUIDs by label. */
const volumesSchema = z.record(z.string().max(256), z.string().max(256))

/** Opens the store on a removable disk. */
export async function openExternal(url: string, surroundings: DriverSurroundings): Promise<LocalDriver> {
  return openExternalDriver({ url, location: parseExternalUrl(url), memory: volumeMemory(surroundings) })
}

/** Makes an empty store on a removable disk. */
export async function createExternal(url: string, surroundings: DriverSurroundings): Promise<void> {
  await createExternalStore({ url, location: parseExternalUrl(url), memory: volumeMemory(surroundings) })
}

function volumeMemory({ stateDirectory }: DriverSurroundings): VolumeMemory {
  const file = join(stateDirectory, 'volumes.json')
  const read = (): Readonly<Record<string, string>> => {
    const bytes = readPrivateFile(file, FILE_BYTES_MAX)
    return bytes === undefined ? {} : decodeVolumes(file, bytes)
  }
  return {
    place: file,
    read: async (label) => read()[label],
    write: async (label, uuid) => {
      writePrivateFile(file, utf8(`${JSON.stringify({ ...read(), [label]: uuid }, undefined, 2)}\n`))
    },
  }
}

function decodeVolumes(file: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  try {
    return volumesSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (cause) {
    throw new UsageError('BAD_CONFIGURATION', `${file} cannot be understood`, {
      cause,
      context: { file },
      hint: 'It holds the UUID of each removable disk by its label, as JSON. Correct or remove it.',
    })
  }
}
