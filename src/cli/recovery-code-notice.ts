/** Returns the lines that show a recovery code, once, to whoever sits at the terminal. */
export function recoveryCodeNotice(code: string): string[] {
  return [
    '',
    'Recovery code: print it or write it down, and keep it where neither fire nor thief takes it with this computer.',
    'It opens the repository when the password is forgotten. It is not shown again.',
    '',
    `    ${code}`,
    '',
  ]
}
