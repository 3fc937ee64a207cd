import type { CommandWords, NameKind, OptionWords } from './command-words.ts'

/** Returns the completion script of fish. Words that are no option and no command are completed as files. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const groups = commands.filter(({ subcommands }) => subcommands.length > 0)
  return `# Completion of tidemark for fish: put this into ~/.config/fish/completions/tidemark.fish
function __tidemark_at
    set -l path ''
    for word in (commandline -opc)[2..-1]
        switch "$path:$word"
${groups.map(stepInto).join('\n')}
        end
    end
    test "$path" = "$argv[1]"
end
${commands.flatMap(linesOf).join('\n')}
`
}

function key(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('')
}

function stepInto({ path, subcommands }: CommandWords): string {
  const patterns = subcommands.map(({ name }) => quote(`${key(path)}:${name}`)).join(' ')
  return `            case ${patterns}\n                set path "$path/$word"`
}

function linesOf({ path, subcommands, options, names }: CommandWords): string[] {
  const at = `complete -c tidemark -n ${quote(`__tidemark_at '${key(path)}'`)}`
  return [
    ...subcommands.map(({ name, description }) => `${at} -f -a ${quote(name)} -d ${quote(description)}`),
    ...(names === undefined ? [] : [`${at} -f -a ${quote(namesOf(names))}`]),
    ...options.map((option) => `${at} ${spellings(option)} -d ${quote(option.description)}`),
  ]
}

function namesOf(kind: NameKind): string {
  return `(tidemark names ${kind} -- (commandline -opc)[2..-1] 2> /dev/null)`
}

function spellings({ short, long, takesValue, choices, names }: OptionWords): string {
  const words = short === undefined ? [] : [`-s ${short.slice(1)}`]
  words.push(`-l ${long.slice(2)}`)
  if (choices.length > 0) words.push(`-x -a ${quote(choices.join(' '))}`)
  else if (names !== undefined) words.push(`${names === 'repositories' ? '-r' : '-x'} -a ${quote(namesOf(names))}`)
  else if (takesValue) words.push('-r')
  return words.join(' ')
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
