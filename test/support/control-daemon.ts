// A daemon's keys and control socket in a process of their own, as `tidemark daemon` has them; nothing runs by itself.
import { createContext } from '../../src/cli/context.ts'
import { DaemonControl } from '../../src/cli/daemon-control.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { StoredDaemon } from './stored-daemon.ts'

const variables = takeSecretVariables(process.env)
const context = createContext({ environment: process.env, variables, flags: { progress: false, verbose: true } })
using control = await DaemonControl.open(context)
await using stored = new StoredDaemon(context.paths.stateDirectory)
{
  await using _server = await control.listen(stored.daemon)
  process.stdout.write('ready\n')
  await Promise.race([
    stored.stopped.promise,
    new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true })),
  ])
}
