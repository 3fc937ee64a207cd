import { parentPort, workerData } from 'node:worker_threads'
import { Standby } from '../../fuse/readers/standby.ts'

// Stands by like a reader of a mount, and tells each look for news and when it no longer has to stand by.

new Standby(workerData as SharedArrayBuffer).wait(() => parentPort?.postMessage('looked'))
parentPort?.postMessage('woken')
