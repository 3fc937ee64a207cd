import type { Command, Option } from 'commander'

/** What is asked of the program itself when somebody wants it completed: `tidemark names KIND -- WORDS`, with the words before it. */
export const NAME_KINDS = ['plans', 'steps', 'events', 'jobs', 'notifications', 'repositories'] as const
export type NameKind = (typeof NAME_KINDS)[number]

/** How the definition of commands calls a value of each kind. */
const PLACEHOLDERS: Readonly<Record<string, NameKind>> = {
  PLAN: 'plans',
  STEP: 'steps',
  EVENT: 'events',
  JOB: 'jobs',
  NOTIFICATION: 'notifications',
  REPO: 'repositories',
}

/** One command, as completion sees it. */
export interface CommandWords {
  /** Names from the program down, without the program: empty for the program itself. */
  readonly path: readonly string[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly OptionWords[]
  /** What its arguments name; `undefined`: files, or something that nobody can know. */
  readonly names: NameKind | undefined
}

export interface OptionWords {
  readonly short: string | undefined
  readonly long: string
  readonly description: string
  readonly takesValue: boolean
  /** The only values it takes, where they are known. */
  readonly choices: readonly string[]
  /** What its value names. */
  readonly names: NameKind | undefined
}

/** Returns every command of `program`, parents first; each lists the options of its parents, too. */
export function commandWords(program: Command): CommandWords[] {
  return describe(program, [], [])
}

function describe(command: Command, path: readonly string[], inherited: readonly OptionWords[]): CommandWords[] {
  const options = [...command.options.filter(({ hidden }) => !hidden).map(optionWords), ...inherited]
  const shown = command.createHelp().visibleCommands(command)
  const commands = command.commands.filter((each) => shown.includes(each))
  const subcommands = commands.map((each) => ({ name: each.name(), description: each.description() }))
  const below = commands.flatMap((each) => describe(each, [...path, each.name()], options))
  const names = PLACEHOLDERS[command.registeredArguments[0]?.name() ?? '']
  return [{ path, subcommands, options, names }, ...below]
}

function optionWords(option: Option): OptionWords {
  return {
    short: option.short,
    long: option.long ?? '',
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    names: PLACEHOLDERS[/[<[](\w+)/.exec(option.flags)?.[1] ?? ''],
  }
}
