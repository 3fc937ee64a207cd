import type { CommandWords, NameKind, OptionWords } from './command-words.ts'

/** Returns the completion script of zsh. Words that are no option and no command are completed as files. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const functions = commands.map(functionOf).join('\n')
  return `#compdef tidemark
# Completion of tidemark for zsh: put this into a folder of $fpath, as _tidemark
${functions}
_tidemark_names() {
  local -a names=(\${(f)"$(_call_program names tidemark names $1 -- \${(q)words[1,CURRENT-1]} 2> /dev/null)"})
  compadd -a names
}
if [[ $funcstack[1] == _tidemark ]]; then
  _tidemark "$@"
else
  compdef _tidemark tidemark
fi
`
}

function functionOf({ path, subcommands, options, names }: CommandWords): string {
  const specs = options.flatMap(specsOf).map((spec) => `    ${spec} \\`)
  if (subcommands.length === 0)
    return `${nameOf(path)}() {\n  _arguments -S \\\n${specs.join('\n')}\n    ${quote(`*:file:${filesOr(names)}`)}\n}`
  const described = subcommands.map(({ name, description }) => quote(`${name}:${description}`))
  const calls = subcommands.map(({ name }) => `        ${name}) ${nameOf([...path, name])} ;;`)
  return `${nameOf(path)}() {
  local context state line
  typeset -A opt_args
  _arguments -C \\
${specs.join('\n')}
    '1: :->command' \\
    '*:: :->rest'
  case $state in
    command)
      local -a commands=(${described.join(' ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${calls.join('\n')}
        *) _files ;;
      esac ;;
  esac
}`
}

function nameOf(path: readonly string[]): string {
  return ['_tidemark', ...path].join('_')
}

/** What is known by name; files where one may stand. */
function filesOr(names: NameKind | undefined): string {
  if (names === undefined) return '_files'
  return names === 'repositories' ? `{_tidemark_names ${names} || _files}` : `{_tidemark_names ${names}}`
}

function specsOf({ short, long, description, takesValue, choices, names }: OptionWords): string[] {
  const text = description.replace(/[[\]:\\]/g, '\\$&')
  const value = takesValue ? `:value:${choices.length > 0 ? `(${choices.join(' ')})` : filesOr(names)}` : ''
  return (short === undefined ? [long] : [short, long]).map((spelling) => quote(`*${spelling}[${text}]${value}`))
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
