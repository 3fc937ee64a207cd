/** Returns permission bits as `ls -l` shows them: `rwxr-xr-x`, with `s`, `S`, `t` and `T` for the three above them. */
export function formatPermissions(mode: number): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const execute = ((mode >> shift) & 1) !== 0
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-'
    return `${(mode >> shift) & 4 ? 'r' : '-'}${(mode >> shift) & 2 ? 'w' : '-'}${last}`
  }
  const owner = triple(6, (mode & 0o4000) !== 0, 's')
  const group = triple(3, (mode & 0o2000) !== 0, 's')
  const others = triple(0, (mode & 0o1000) !== 0, 't')
  return `${owner}${group}${others}`
}
