import type { UnknownHostKey } from '../../state/problem.ts'
import type { Question } from '../../state/step.ts'

export const ACCEPT_KEY = 'accept-key'

/** The question whether a server is the one that is meant, of which nothing is known but the key that it shows. */
export function acceptKeyQuestion({ host, port, type, fingerprint }: UnknownHostKey): Question {
  return {
    name: ACCEPT_KEY,
    title: `Is this ${host}?`,
    lines: [
      `Nothing is known yet of the server that answers as ${host}, port ${port}. It shows a key of the type ${type}:`,
      '',
      fingerprint,
      '',
      "Compare it with what the server's owner says: whoever is in between would show another one. Yes adds it to the known hosts of SSH.",
    ],
    verb: 'it is, go on',
    otherwise: 'leave it',
  }
}
