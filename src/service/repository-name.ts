/** Names of configured repositories: what can be neither a path nor a URL. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Tells whether `text` can be the name of a configured repository. */
export function isRepositoryName(text: string): boolean {
  return NAME.test(text)
}

/** Returns a name for the repository at `url` that is not among `taken`: from the last part of its path. */
export function suggestRepositoryName(url: string, taken: ReadonlySet<string>): string {
  const path = url.replace(/[?#].*$/, '').replace(/\/+$/, '')
  const last = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1)
  const word = last
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 56)
  const base = word === '' ? 'repository' : word
  let name = base
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`
  return name
}
