/** What a unit says of how this program is started. */
export interface UnitCommand {
  /** Interpreter, its options, script; then the command and its options. */
  readonly words: readonly string[]
  /** Variables that say where this installation keeps what is its own, where they were set. */
  readonly environment: Readonly<Record<string, string>>
}

/** What systemd takes in no path of a program, however it is quoted. */
const NOT_OF_PROGRAMS = /["'\\\u0001-\u001f\u007f]/
/** Becomes the program behind it, under the same number. */
const THROUGH_SHELL = ['/bin/sh', '-c', 'exec "$0" "$@"'] as const
/** What would end a line, or the unit. */
const CONTROL = /[\u0001-\u001f\u007f]/g

/** Returns the unit of the user's service manager that runs the daemon. @see systemd.service(5), systemd.exec(5) */
export function userUnit({ words, environment }: UnitCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`)
  const [program = '', ...others] = NOT_OF_PROGRAMS.test(words[0] ?? '') ? [...THROUGH_SHELL, ...words] : words
  // Only behind the program itself does `$` begin a variable.
  const start = [quoted(program), ...others.map((word) => quoted(word.replaceAll('$', '$$$$')))]
  return `[Unit]
Description=Tidemark: backups that happen by themselves
Documentation=man:systemd.service(5)

[Service]
Type=notify
NotifyAccess=main
ExecStart=${start.join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
${variables.map((line) => `${line}\n`).join('')}# Variables that no other program is to have, such as those of passwords: for you alone, mode 0600.
EnvironmentFile=-%E/tidemark/daemon.env
Restart=on-failure
RestartSec=10
# It says that it is alive every minute, or twice in the time that this says.
WatchdogSec=5min
# Jobs that run store what they have before they end.
TimeoutStopSec=90
KillMode=mixed
# Backups give way to everything else; the commands that the daemon starts inherit this.
Nice=10
IOSchedulingClass=idle
UMask=0077
LimitCORE=0

[Install]
WantedBy=default.target
`
}

/** One word of a unit, where `%` begins a specifier unless doubled. @see systemd.syntax(7), "Quoting" */
function quoted(word: string): string {
  const text = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')
  return `"${text.replaceAll(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}
