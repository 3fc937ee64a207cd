import type { Session } from '../../protocol/init.ts'

/**
 * The fuse device with a file system mounted over it: INIT is answered, what comes next are requests.
 *
 * Threads of this process read `fd` and write their replies to it, each message in one call; a read blocks until there
 * is a request, and fails with ENODEV once the file system is no longer mounted. Nothing else ends it, and Node does not
 * exit before all threads have: a process that is to end while somebody still works in the mount calls `exitAtOnce`
 * (src/base/posix/exit.ts).
 */
export interface KernelDevice {
  readonly fd: number
  /** Absolute, symbolic links resolved. */
  readonly mountPoint: string
  readonly session: Session
  /** The device number that files of this mount have, `major:minor` as /sys spells it. */
  readonly deviceNumber: string
  /**
   * Sends a notification (../../protocol/notifications.ts), on another thread: the kernel may hold it back until requests
   * that are under way have their answers.
   *
   * Resolves to false when the kernel knows no such node or name, or is no longer there: there is nothing to forget.
   * @throws whatever else write(2) says.
   */
  notify(message: Uint8Array): Promise<boolean>
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
