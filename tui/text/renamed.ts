/** Returns two paths as one, with what they share said once: `/home/{arthur → berta}/notes.txt`. */
export function renamedPath(from: string, to: string): string {
  const [before, after] = [from.split('/'), to.split('/')]
  const most = Math.min(before.length, after.length) - 1
  let head = 0
  while (head < most && before[head] === after[head]) head++
  let tail = 0
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const middle = (names: readonly string[]): string => names.slice(head, names.length - tail).join('/')
  const both = `${middle(before)} → ${middle(after)}`
  // The root alone is nothing that they share.
  if (head <= 1 && tail === 0) return `${from} → ${to}`
  return [...before.slice(0, head), `{${both}}`, ...before.slice(before.length - tail)].join('/')
}
