/** Returns how a row of a tree begins: deeper rows further right, folders with a triangle that says whether they are open. */
export function treeLabel(depth: number, fold: 'open' | 'closed' | 'leaf', name: string): string {
  const sign = { open: '▾ ', closed: '▸ ', leaf: '  ' }[fold]
  return `${'  '.repeat(depth)}${sign}${name}`
}
