#!/usr/bin/env node
// This file runs on every Node that may lie about, to tell its user in one sentence what is wrong with it. So nothing
// newer than Node 18 is imported or written here; everything else comes after the check.
import { refusalOfNode } from './node-version.ts'

const refusal = refusalOfNode(process.versions.node)
if (refusal === undefined) {
  const { start } = await import('./start.ts')
  await start()
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
}
