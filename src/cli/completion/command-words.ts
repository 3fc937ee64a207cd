import type { Command, Option } from 'commander'

/** One command, as completion sees it. */
export interface CommandWords {
  /** Names from the program down, without the program: empty for the program itself. */
  readonly path: readonly string[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly OptionWords[]
}

export interface OptionWords {
  readonly short: string | undefined
  readonly long: string
  readonly description: string
  readonly takesValue: boolean
  /** The only values it takes, where they are known. */
  readonly choices: readonly string[]
}

/** Returns every command of `program`, parents first; each lists the options of its parents, too. */
export function commandWords(program: Command): CommandWords[] {
  return describe(program, [], [])
}

function describe(command: Command, path: readonly string[], inherited: readonly OptionWords[]): CommandWords[] {
  const options = [...command.options.filter(({ hidden }) => !hidden).map(optionWords), ...inherited]
  const subcommands = command.commands.map((each) => ({ name: each.name(), description: each.description() }))
  const below = command.commands.flatMap((each) => describe(each, [...path, each.name()], options))
  return [{ path, subcommands, options }, ...below]
}

function optionWords(option: Option): OptionWords {
  return {
    short: option.short,
    long: option.long ?? '',
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  }
}
