import type { CommandWords, OptionWords } from './command-words.ts'

/** Returns the completion script of bash. Words that are no option and no command are completed as files. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const groups = commands.filter(({ subcommands }) => subcommands.length > 0)
  return `# Completion of tidemark for bash: put this into ~/.local/share/bash-completion/completions/tidemark
_tidemark() {
  local word path= i
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path:$word" in
${groups.map(stepInto).join('\n')}
    esac
  done
  COMPREPLY=()
  case "$path:$previous" in
${commands.flatMap(valuesOf).join('\n')}
  esac
  local options= commands= names=
  case "$path" in
${commands.map(wordsOf).join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  elif [[ -n $names ]]; then
    COMPREPLY=($(compgen -W "$(_tidemark_names "$names")" -- "$current"))
  fi
}
_tidemark_names() {
  "\${COMP_WORDS[0]}" names "$1" -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2> /dev/null
}
complete -o bashdefault -o default -F _tidemark tidemark
`
}

function key(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('')
}

function stepInto({ path, subcommands }: CommandWords): string {
  const patterns = subcommands.map(({ name }) => `"${key(path)}:${name}"`).join(' | ')
  return `      ${patterns}) path="$path/$word" ;;`
}

function wordsOf({ path, subcommands, options, names: kind }: CommandWords): string {
  const names = subcommands.map(({ name }) => name).join(' ')
  return `    "${key(path)}") options="${options.flatMap(spellings).join(' ')}" commands="${names}" names="${kind ?? ''}" ;;`
}

function valuesOf({ path, options }: CommandWords): string[] {
  return options.flatMap((option) => {
    if (!option.takesValue) return []
    const patterns = spellings(option)
      .map((spelling) => `"${key(path)}:${spelling}"`)
      .join(' | ')
    const words = option.names === undefined ? option.choices.join(' ') : `$(_tidemark_names ${option.names})`
    const reply = words === '' ? '' : ` COMPREPLY=($(compgen -W "${words}" -- "$current"));`
    return [`    ${patterns})${reply} return ;;`]
  })
}

function spellings({ short, long }: OptionWords): string[] {
  return short === undefined ? [long] : [short, long]
}
