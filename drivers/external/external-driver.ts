import { join } from 'node:path'

import { StorageError } from '../../src/base/errors.ts'
import { createStore } from '../local/create-store.ts'
import { type LocalDriver, openLocalDriver } from '../local/local-driver.ts'
import type { ExternalLocation } from './external-location.ts'
import { findVolumes, type Volume } from './find-volumes.ts'
import { mountedAt } from './mounted-at.ts'

/** Which disk belongs to a label, as this machine remembers it: another one with the same label is refused. */
export interface VolumeMemory {
  /** Returns the UUID of the file system that was used under `label` last. */
  read(label: string): Promise<string | undefined>
  write(label: string, uuid: string): Promise<void>
  /** Where a person finds it. */
  readonly place: string
}

export interface ExternalDriverOptions {
  readonly location: ExternalLocation
  readonly memory: VolumeMemory
  /** As the user wrote it. */
  readonly url: string
  /** Where udev keeps its names of devices. */
  readonly diskFolder?: string
}

/**
 * Opens the store on a removable volume, where the volume is mounted.
 *
 * @throws {StorageError} STORE_UNAVAILABLE: no such volume is attached, or it is not mounted; STORE_DENIED: it is another
 * disk than the one known by this label (an AnotherDiskError); and as `openLocalDriver`.
 */
export async function openExternalDriver(options: ExternalDriverOptions): Promise<LocalDriver> {
  const { volume, root } = await locate(options)
  const known = await options.memory.read(options.location.label)
  if (known !== undefined && known !== volume.uuid) throw anotherDisk(options, { volume, known })
  const driver = await openLocalDriver({ root, location: options.url })
  if (known === undefined) await options.memory.write(options.location.label, volume.uuid)
  return driver
}

/**
 * Makes the folder of a new store on the volume. The volume is the one known by its label from then on: who makes a
 * repository on a new disk means that disk.
 */
export async function createExternalStore(options: ExternalDriverOptions): Promise<void> {
  const { volume, root } = await locate(options)
  await createStore(root)
  await options.memory.write(options.location.label, volume.uuid)
}

async function locate(options: ExternalDriverOptions): Promise<{ readonly volume: Volume; readonly root: string }> {
  const { label, folder } = options.location
  const found = await findVolumes(label, options.diskFolder)
  const [volume, second] = found
  if (volume === undefined) throw notAttached(label)
  if (second !== undefined) throw severalDisks(label, found)
  const mounted = await mountedAt(volume.device)
  if (mounted === undefined) throw notMounted(label, volume)
  return { volume, root: join(mounted, folder) }
}

function notAttached(label: string): StorageError {
  return new StorageError('STORE_UNAVAILABLE', `no disk labelled ${label} is attached`, {
    context: { label },
    hint: `Attach it. A new disk gets its label when it is formatted, for example: mkfs.ext4 -L ${label} /dev/…`,
  })
}

function severalDisks(label: string, found: readonly Volume[]): StorageError {
  const devices = found.map(({ device }) => device).join(', ')
  return new StorageError('STORE_DENIED', `several disks are labelled ${label}: ${devices}`, {
    context: { label },
    hint: 'Detach all but one of them.',
  })
}

function notMounted(label: string, { device }: Volume): StorageError {
  return new StorageError('STORE_UNAVAILABLE', `the disk labelled ${label} is attached (${device}) and not mounted`, {
    context: { label, device },
    hint: `Mount it: udisksctl mount -b ${device}`,
  })
}

/** The disk with the label of a known one has another UUID. */
export class AnotherDiskError extends StorageError {}

function anotherDisk(
  { location: { label }, memory }: ExternalDriverOptions,
  { volume, known }: { volume: Volume; known: string },
): AnotherDiskError {
  return new AnotherDiskError(
    'STORE_DENIED',
    `the disk labelled ${label} is another one than before: it has UUID ${volume.uuid}, known is ${known}`,
    {
      context: { label, uuid: volume.uuid, known },
      hint: `Attach the right disk. If this one has taken its place, remove ${label} from ${memory.place}.`,
    },
  )
}
