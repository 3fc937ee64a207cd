/** What a unit says of how this program is started. */
export interface UnitCommand {
  /** Interpreter, its options, script; then the command and its options. */
  readonly words: readonly string[]
  /** Variables that say where this installation keeps what is its own, where they were set. */
  readonly environment: Readonly<Record<string, string>>
}

/** Returns the unit of the user's service manager that runs the daemon. @see systemd.service(5), systemd.exec(5) */
export function userUnit({ words, environment }: UnitCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`)
  return `[Unit]
Description=Tidemark: backups that happen by themselves
Documentation=man:systemd.service(5)

[Service]
Type=notify
NotifyAccess=main
ExecStart=${words.map(quoted).join(' ')}
${variables.map((line) => `${line}\n`).join('')}Restart=on-failure
RestartSec=10
# It says that it is alive every minute.
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

/** One word of a unit: `%` begins a specifier and `$` a variable unless doubled. */
function quoted(word: string): string {
  const text = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('%', '%%')
  return `"${text.replaceAll('$', '$$$$')}"`
}
