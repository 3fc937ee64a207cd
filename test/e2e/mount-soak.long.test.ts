import { expect } from 'vitest'

import { fuseTest } from '../support/fuse-test.ts'
import { soakMount } from '../support/mount-soak.ts'

/** A day of points that are made every five minutes. */
const ROUNDS = 288
const seed = String(Date.now())

fuseTest(`a day of points come and go under those who read them (seed ${seed})`, async () => {
  await expect(soakMount(ROUNDS, seed)).resolves.toBeUndefined()
})
