import { parentPort } from 'node:worker_threads'
import { present } from '../../src/base/assert.ts'
import { Reader } from './reader.ts'
import type { ReaderSetup } from './reader-protocol.ts'

// A thread is started before there is something to read, and is told what once there is: starting takes longest.
const port = present(parentPort, 'the port of a worker thread')
port.once('message', (setup: ReaderSetup) => {
  new Reader(port, setup).run()
})
