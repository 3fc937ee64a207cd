import { afterAll, beforeAll, describe } from 'vitest'

import { describeMountContract } from '../../contract/mount-contract.ts'
import { ContractRepository } from '../../support/contract-repository.ts'

const isPossible = process.platform === 'linux' && process.geteuid?.() === 0

describe.runIf(isPossible)('a repository with one of everything', () => {
  let repository: ContractRepository
  beforeAll(() => {
    repository = new ContractRepository()
  })
  afterAll(() => repository[Symbol.asyncDispose]())

  const everything = { readOnly: true, anyNames: true, linkedInodes: true, holes: true, ownAttributes: true }
  describeMountContract('the kernel transport', everything, async () => {
    return { shown: await repository.mount('kernel'), source: repository.source }
  })
  // libfuse numbers files itself, takes names as text only, and is asked for no holes.
  const native = { ...everything, anyNames: false, linkedInodes: false, holes: false }
  describeMountContract('the native transport', native, async () => {
    return { shown: await repository.mount('native'), source: repository.source }
  })
  // The control: what the suite expects is what is on a disk.
  const restored = { ...everything, readOnly: false, ownAttributes: false }
  describeMountContract('a restore', restored, async () => {
    return { shown: repository.restore(), source: repository.source }
  })
})
