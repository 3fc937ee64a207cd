import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Folder, FolderEntry } from '../../fuse/folders/folder.ts'
import { type Mount, type MountOptions, type MountProblem, openMount } from '../../fuse/mount.ts'
import type { KernelDevice } from '../../fuse/transports/kernel/kernel-device.ts'
import { openKernelDevice } from '../../fuse/transports/kernel/open-kernel-device.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { PointFrames } from '../../src/engine/point-view-frames.ts'
import { openPointFrames } from '../../src/engine/point-view-repository.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { EngineFixture } from './engine-fixture.ts'

/** How long the kernel believes that there are no more points. */
const VALID_SECONDS = 0.1

/**
 * A repository with points, mounted in this process through the real kernel: `<mount>/0`, `<mount>/1`, … are the points in
 * the order of their making.
 *
 * This thread answers for the mount: a test must not touch it with calls that block this thread.
 */
export class MountFixture {
  readonly engine: EngineFixture
  readonly directory: string
  readonly problems: MountProblem[] = []
  #mounted: { readonly frames: PointFrames; readonly device: KernelDevice; readonly mount: Mount } | undefined

  private constructor(engine: EngineFixture) {
    this.engine = engine
    this.directory = join(engine.folder, 'mount')
    mkdirSync(this.directory)
  }

  static async create(driver?: Driver): Promise<MountFixture> {
    const fixture = new MountFixture(await EngineFixture.create(driver))
    onTestFinished(async () => fixture.unmount())
    return fixture
  }

  /** Mounts all points, those to come as well, under names by number. */
  async mount(options: Partial<MountOptions> = {}): Promise<this> {
    const frames = await openPointFrames(this.engine.repository)
    const searchPath = process.env['PATH'] ?? ''
    const device = await openKernelDevice({ mountPoint: this.directory, allowOther: false, searchPath })
    const mount = openMount({
      root: this.#points(frames),
      device,
      frames,
      owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      onProblem: (problem) => this.problems.push(problem),
      ...options,
    })
    this.#mounted = { frames, device, mount }
    return this
  }

  /** Where a file of the source is in a point. */
  path(point: number, ...names: string[]): string {
    return join(this.directory, `${point}`, this.engine.source, ...names)
  }

  async unmount(): Promise<void> {
    if (this.#mounted === undefined) return
    const { frames, device, mount } = this.#mounted
    this.#mounted = undefined
    await device.detach()
    await mount.ended
    await mount[Symbol.asyncDispose]()
    frames[Symbol.dispose]()
    device.close()
  }

  #points(frames: PointFrames): Folder {
    const known = new Map<string, FolderEntry>()
    const list = async (): Promise<readonly FolderEntry[]> => {
      const chain = await this.engine.repository.chain({ reload: true })
      const infos = chain.points.toSorted((a, b) => a.record.sequence - b.record.sequence)
      return infos.map(({ record }, i) => {
        const view = openPointView(frames.blobs, record.parts)
        const entry = {
          kind: 'point',
          name: byteStringOf(`${i}`),
          point: record.point,
          view,
          entry: view.root,
        } as const
        const shown = known.get(record.point) ?? entry
        known.set(record.point, shown)
        return shown
      })
    }
    return {
      validSeconds: VALID_SECONDS,
      modified: async () => ({ seconds: (await list()).length, nanoseconds: 0 }),
      list,
      find: async (name) => (await list()).find((each) => each.name === name),
    }
  }
}

export interface ToolResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs an ordinary tool while this thread answers for the mount that it looks at. */
export async function runTool(
  tool: string,
  words: readonly string[],
  { onStart }: { readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void } = {},
): Promise<ToolResult> {
  const child = spawn(tool, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  onStart?.((signal) => void child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() })
    })
  })
}
