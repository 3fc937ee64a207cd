import type { Session } from '../../protocol/init.ts'

/**
 * The fuse device with a file system mounted over it: INIT is answered, what comes next are requests.
 *
 * Threads of this process read `fd` and write their replies to it, each message in one call; a read blocks until there
 * is a request, and fails with ENODEV once the file system is no longer mounted.
 */
export interface KernelDevice {
  readonly fd: number
  /** Absolute, symbolic links resolved. */
  readonly mountPoint: string
  readonly session: Session
  /** The device number that files of this mount have, `major:minor` as /sys spells it. */
  readonly deviceNumber: string
  /**
   * Sends a notification (../../protocol/notifications.ts).
   *
   * Returns false when the kernel knows no such node or name, or is no longer there: then there is nothing to forget.
   * @throws {PosixError} whatever else write(2) says.
   */
  notify(message: Uint8Array): boolean
  /** Makes one read of `fd` that blocks return with a NOTIFY_REPLY, which takes no answer: for threads that are to end. */
  wake(): void
  /**
   * Ends the mount.
   *
   * @throws {MountError} MOUNT_BUSY: somebody works in it, and the hint says who; it goes on as it was.
   */
  unmount(): Promise<void>
  /** Takes the mount out of the tree whoever works in it; they go on reading as long as requests are answered. */
  detach(): Promise<void>
  /** Closes `fd`, which no thread may use any longer. */
  close(): void
}
