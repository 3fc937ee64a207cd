import { parentPort, workerData } from 'node:worker_threads'
import { Standby } from '../../fuse/readers/standby.ts'

// Stands by like a reader of a mount, and tells when it no longer has to.

new Standby(workerData as SharedArrayBuffer).wait()
parentPort?.postMessage('woken')
