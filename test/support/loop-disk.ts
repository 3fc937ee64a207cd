import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BYTES = { ext4: 64 << 20, btrfs: 128 << 20 } as const

/** A disk that a test attaches, mounts and pulls out: a file behind a loop device. Only for root. */
export interface LoopDisk extends Disposable {
  readonly device: string
  readonly uuid: string
  readonly mountPoint: string
  /** A folder like /dev/disk, as udev would fill it. */
  readonly diskFolder: string
  mount(options?: string): void
  /** As when it is pulled out: the mount is gone, whoever has files open on it keeps them. */
  detach(): void
}

/** Makes and attaches a disk with a file system; `mount` mounts it. */
export function attachLoopDisk(type: keyof typeof BYTES, label: string): LoopDisk {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, BYTES[type])
  if (type === 'ext4') execFileSync('mkfs.ext4', ['-q', '-L', label, image])
  else execFileSync('mkfs.btrfs', ['-q', '-L', label, image])
  const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim()
  const uuid = execFileSync('blkid', ['-p', '-o', 'value', '-s', 'UUID', device], { encoding: 'utf8' }).trim()
  const mountPoint = join(folder, 'mnt')
  mkdirSync(mountPoint)
  const diskFolder = join(folder, 'disk')
  for (const [kind, name] of [
    ['by-label', label],
    ['by-uuid', uuid],
  ] as const) {
    mkdirSync(join(diskFolder, kind), { recursive: true })
    symlinkSync(device, join(diskFolder, kind, name))
  }
  let mounted = false
  const detach = (): void => {
    if (mounted) execFileSync('umount', ['-l', mountPoint])
    mounted = false
  }
  return {
    device,
    uuid,
    mountPoint,
    diskFolder,
    mount: (options = 'rw') => {
      execFileSync('mount', ['-o', options, device, mountPoint])
      mounted = true
    },
    detach,
    [Symbol.dispose]: () => {
      detach()
      execFileSync('losetup', ['-d', device])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
