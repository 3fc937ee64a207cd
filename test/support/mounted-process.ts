import { openKernelDevice } from '../../fuse/transports/kernel/open-kernel-device.ts'
import { TidemarkError } from '../../src/base/errors.ts'
import { serveEmptyFolder } from './fuse-server.ts'

// Mounts an empty folder, says so, and shows it until somebody unmounts it. Words: where, its mode in octal, and
// `allow-other`.

const [mountPoint = '', mode = '755', allow] = process.argv.slice(2)
try {
  const searchPath = process.env['PATH'] ?? ''
  const device = await openKernelDevice({ mountPoint, allowOther: allow === 'allow-other', searchPath })
  process.stdout.write('mounted\n')
  serveEmptyFolder(device.fd, { mode: Number.parseInt(mode, 8) })
} catch (error) {
  if (!(error instanceof TidemarkError)) throw error
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message, hint: error.hint })}\n`)
}
