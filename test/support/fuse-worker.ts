import { workerData } from 'node:worker_threads'
import { serveEmptyFolder } from './fuse-server.ts'

serveEmptyFolder((workerData as { readonly fd: number }).fd)
