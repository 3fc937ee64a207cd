import type { Command } from 'commander'

import type { ServeDuneSeaFlags } from './commands/serve-dunesea.ts'
import type { NewTokenFlags } from './commands/serve-tokens.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what keeps the repositories of others. */
export function defineServeCommands(program: Command, run: Run): void {
  const dunesea = program
    .command('serve')
    .description('keep repositories for other machines')
    .command('dunesea')
    .description('run a DuneSea server until it is told to stop; see docs/dunesea.openapi.yaml')
    .option('--store <DIR>', 'the folder that it keeps everything in')
    .option('--listen <ADDR>', 'where it takes requests: HOST:PORT, :PORT or PORT', '127.0.0.1:8420')
    .option('--tls-cert <FILE>', 'its certificate, with those in between, as PEM')
    .option('--tls-key <FILE>', 'the private key of the certificate, as PEM')
  const flags = (): ServeDuneSeaFlags => dunesea.opts<ServeDuneSeaFlags>()
  dunesea.action(async () => {
    await run(async (context) => (await import('./commands/serve-dunesea.ts')).serveDuneSea(context, flags()))
  })
  const token = dunesea.command('token').description('who may enter which domain')
  token
    .command('add')
    .description('make a token for a domain, and the domain where it is new; it is shown once')
    .argument('<DOMAIN>', 'lower-case, such as laptop or example.org')
    .option('--append-only', 'the token may store and read, not remove')
    .option('--quota <SIZE>', 'what the domain may hold at most, such as 500G')
    .option('--token-file <FILE>', 'write the token to a new file instead of printing it')
    .action(async (domain: string, given: NewTokenFlags) => {
      await run(async (context) =>
        (await import('./commands/serve-tokens.ts')).addToken(context, { domain, ...given, store: flags().store }),
      )
    })
  token
    .command('list')
    .description('list the tokens of all domains')
    .action(async () => {
      await run(async (context) => (await import('./commands/serve-tokens.ts')).listTokens(context, flags().store))
    })
  token
    .command('revoke')
    .description('end a token at once; what was stored with it stays')
    .argument('<TOKEN>', 'its id, as `token list` shows it')
    .action(async (id: string) => {
      await run(async (context) =>
        (await import('./commands/serve-tokens.ts')).revokeToken(context, { id, store: flags().store }),
      )
    })
}
