import { test } from 'vitest'

/** A test that mounts volumes or changes its user: skipped, and reported as such, for anyone but root on Linux. */
export const rootTest = test.skipIf(process.platform !== 'linux' || process.geteuid?.() !== 0)
