/** Lists in one line of text: `/home, /etc`. A backslash takes a comma, a space at an end, or itself as it is. */

/** Returns items as one line, which `listOf` takes apart into the same items. */
export function listText(items: readonly string[]): string {
  return items.map((item) => item.replace(/[\\,]|^ | $/g, (character) => `\\${character}`)).join(', ')
}

/** Returns the items of a line, without the spaces around them; empty ones are none. */
export function listOf(text: string): readonly string[] {
  const items: string[] = []
  let item = ''
  // Where the last character lies that was not a bare space: what is behind it is around the item.
  let end = 0
  const finish = (): void => {
    if (end > 0) items.push(item.slice(0, end))
    item = ''
    end = 0
  }
  for (let at = 0; at < text.length; at++) {
    const isEscaped = text[at] === '\\' && at + 1 < text.length
    const character = text[isEscaped ? ++at : at] ?? ''
    if (!isEscaped && character === ',') finish()
    else if (!isEscaped && character === ' ' && item === '') continue
    else {
      item += character
      if (isEscaped || character !== ' ') end = item.length
    }
  }
  finish()
  return items
}
