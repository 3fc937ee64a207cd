import type { CliContext } from '../context.ts'
import { DRIVER_KINDS } from '../drivers.ts'
import { table } from '../table.ts'

/** Lists the kinds of stores. */
export async function listDrivers({ output }: CliContext): Promise<undefined> {
  if (output.json) {
    output.document(DRIVER_KINDS.map(({ name, form, description }) => ({ name, form, description })))
    return
  }
  const lines = table(
    [
      { title: 'Driver', value: ({ name }) => name },
      { title: 'REPO', value: ({ form }) => form },
      { title: 'Keeps repositories in', value: ({ description }) => description },
    ],
    DRIVER_KINDS,
  )
  for (const line of lines) output.line(line)
}
