const LETTERS = 'rwxrwxrwx'

/** Returns permission bits as `rwxr-xr-x`; the three above them as a number before. */
export function shownMode(mode: number): string {
  const special = (mode >> 9) & 7
  const letters = Array.from(LETTERS, (letter, index) => (((mode >> (8 - index)) & 1) === 1 ? letter : '-'))
  return (special === 0 ? '' : `${special}+`) + letters.join('')
}
