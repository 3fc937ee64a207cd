/** What a terminal would obey instead of showing it: controls, and what turns the direction of writing around or ends its line. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
/** Two digits say the rest of them, four these. */
const TWO_DIGITS_MAX = 0xff

/** Returns text that no terminal takes for an order, and no reader for another text: what is unsafe is written as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    return code <= TWO_DIGITS_MAX ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
