import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'

import { refusalOfNode } from '../../src/cli/node-version.ts'
import { PROGRAM } from './program.ts'
import { RepositoryTemplate } from './repository-template.ts'

/** Says which Node runs the tests, refuses one that the product does not support, and makes what tests copy. */
export function setup(project: TestProject): () => void {
  const refusal = refusalOfNode(process.versions.node)
  if (refusal !== undefined) throw new Error(refusal)
  // Tests below the command line run without the program as well.
  if (!existsSync(PROGRAM)) return () => undefined
  const template = RepositoryTemplate.make()
  project.provide('repositoryTemplate', template.folder)
  return () => template.remove()
}
