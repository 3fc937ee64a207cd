import { type Command, Option } from 'commander'

import type { BackupOnlyFlags } from '../service/backup-only-realm.ts'
import type { CommandAction } from './run-command.ts'
import type { NewKeyFlags, NewPasswordFlags } from './commands/key.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what manages passwords, key files and recovery codes. */
export function defineKeyCommands(program: Command, run: Run): void {
  const key = program.command('key').description('passwords, key files and recovery codes of a repository')
  key
    .command('list')
    .description('list the key slots')
    .action(async () => {
      await run(async (context) => (await import('./commands/key.ts')).listKeys(context))
    })
  key
    .command('rotate')
    .description('make new keys for new data, which removed keys cannot read')
    .action(async () => {
      await run(async (context) => (await import('./commands/key.ts')).rotateKey(context))
    })
  withBackupOnly(key.command('add').description('add a password'))
    .option('--label <TEXT>', 'a word for people')
    .option('--new-password-file <FILE>', 'read the new password from a file')
    .option('--kdf-memory <SIZE>', 'memory that guessing the password costs, such as 64M')
    .action(async (flags: NewPasswordFlags) => {
      await run(async (context) => (await import('./commands/key.ts')).addKey(context, flags))
    })
  key
    .command('remove')
    .description('remove a key slot; what its holder already knows stays known')
    .argument('<SLOT>', 'its id or a unique beginning of one')
    .option('-y, --yes', 'go ahead without asking')
    .action(async (slot: string, flags: { readonly yes?: boolean }) => {
      await run(async (context) => (await import('./commands/key.ts')).removeKey(context, slot, flags))
    })
  key
    .command('passwd')
    .description('change the password that opened the repository')
    .option('--new-password-file <FILE>', 'read the new password from a file')
    .option('--kdf-memory <SIZE>', 'memory that guessing the password costs, such as 64M')
    .action(async (flags: NewPasswordFlags) => {
      await run(async (context) => (await import('./commands/key.ts')).changeKey(context, flags))
    })
  key
    .command('recovery')
    .description('make a new recovery code')
    .option('--recovery-file <FILE>', 'write it to a file instead of printing it')
    .option('--label <TEXT>', 'a word for people')
    .action(async (flags: NewKeyFlags & { readonly recoveryFile?: string }) => {
      await run(async (context) => (await import('./commands/key.ts')).addRecovery(context, flags))
    })
  withBackupOnly(key.command('export').description('make a key file that opens the repository without a password'))
    .argument('<FILE>')
    .option('--label <TEXT>', 'a word for people')
    .action(async (file: string, flags: NewKeyFlags & BackupOnlyFlags) => {
      await run(async (context) => (await import('./commands/key.ts')).exportKey(context, file, flags))
    })
}

/** What makes the new key one that can back up and read nothing. */
function withBackupOnly(command: Command): Command {
  return command
    .option('--backup-only', 'can make points, and read, remove and restore nothing')
    .option('--realm <NAME>', 'the realm that it writes into, made if need be; by default one of its own')
    .addOption(
      new Option(
        '--share-home',
        'it writes into the realm of the full keys, and can tell what files they have',
      ).conflicts('realm'),
    )
}
