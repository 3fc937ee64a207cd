import type { Socket } from 'node:net'

import { type PeerCredentials, peerCredentials } from '../../base/posix/sockets.ts'

/** Who asks: a process of a user of this machine. */
export interface Principal extends PeerCredentials {
  readonly kind: 'user'
}

/** Returns who is on the other side of a connection, as the kernel says, or `undefined` when it is closed already. */
export function principalOf(socket: Socket): Principal | undefined {
  const descriptor = descriptorOf(socket)
  return descriptor === undefined ? undefined : { kind: 'user', ...peerCredentials(descriptor) }
}

/** Node shows the descriptor of a connection nowhere else. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  const descriptor: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined
}
