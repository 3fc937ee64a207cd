import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'

import { PROGRAM } from './program.ts'
import { RepositoryTemplate } from './repository-template.ts'

/** Says which Node runs the tests, refuses one that the product does not support, and makes what tests copy. */
export function setup(project: TestProject): () => void {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 24) throw new Error(`the tests run on Node 24 or later, this is ${process.versions.node}`)
  // Tests below the command line run without the program as well.
  if (!existsSync(PROGRAM)) return () => undefined
  const template = RepositoryTemplate.make()
  project.provide('repositoryTemplate', template.folder)
  return () => template.remove()
}
