import { expect } from 'vitest'

import { fuseTest } from '../support/fuse-test.ts'
import { soakMount } from '../support/mount-soak.ts'

const SEED = 'soak'

fuseTest(`points come and go under those who read them (seed ${SEED})`, async () => {
  await expect(soakMount(4, SEED)).resolves.toBeUndefined()
})
