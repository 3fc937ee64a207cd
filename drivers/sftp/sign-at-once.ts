import type { Client } from 'ssh2'

import { insideOf } from './inside-ssh2.ts'

/**
 * Makes a client that has just agreed on keys with an OpenSSH server show its user's key at once, signed: `ssh2` waits for leave
 * to log in, then asks whether the key would do, and only then signs.
 *
 * With an RSA key the kind of signature depends on what the server tells of itself, which is its last word of the handshake. Keys
 * of an agent are asked about as ever: each signature may be a question to somebody.
 * @see RFC 4252, 7; RFC 8308, 2.4; docs/decisions/0146-openssh-is-not-waited-for.md
 */
export function signAtOnce(client: Client): void {
  const protocol = insideOf(client)?._protocol
  if (protocol === undefined) return
  const { _handlers: handlers } = protocol
  const { SERVICE_ACCEPT: begin, EXT_INFO: learn, USERAUTH_PK_OK: sign } = handlers
  let isBegun = false
  const beginOnce = (): void => {
    if (isBegun) return
    isBegun = true
    begin(protocol, 'ssh-userauth')
  }
  handlers.SERVICE_ACCEPT = beginOnce
  handlers.EXT_INFO = (_, extensions) => {
    learn(protocol, extensions)
    beginOnce()
  }
  const show = protocol.authPK.bind(protocol)
  protocol.authPK = (user, key, algorithm, signer) => {
    if (signer === undefined && key.isPrivateKey?.() === true) sign(protocol)
    else show(user, key, algorithm, signer)
  }
}
