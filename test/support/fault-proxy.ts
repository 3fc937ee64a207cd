import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** A TCP proxy on loopback between a client and a server that can be slow, broken or gone. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** Connections taken so far. */
  readonly connections: number
  /** Bytes that went through so far, both ways. */
  readonly bytes: number
  /** Added to every piece of data, each way. */
  delayMs: number
  /** Takes connections and closes them at once. */
  refusing: boolean
  /** Swallows all data, and keeps the connections. */
  silent: boolean
  /** Cuts all connections once so many more bytes went through, in the middle of whatever is under way. */
  cutAfter(bytes: number): void
  /** Cuts all connections now. */
  cut(): void
}

export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let left = Infinity
  // What is still on its way when one side ends reaches the other, which answers or ends in its turn.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    proxy.connections++
    if (proxy.refusing) {
      client.destroy()
      return
    }
    const upstream = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pass = (from: Socket, to: Socket): void => {
      let sent = Promise.resolve()
      sockets.add(from)
      from.setNoDelay(true)
      // The other side learns of it by the close that follows.
      from.on('error', () => undefined)
      from.once('close', () => {
        sockets.delete(from)
        void sent.then(() => to.destroySoon())
      })
      from.on('data', (data: Buffer) => {
        if (proxy.silent) return
        const due = Date.now() + proxy.delayMs
        const before = sent
        sent = (async () => {
          await before
          if (due > Date.now()) await setTimeout(due - Date.now())
          const passed = data.subarray(0, Math.max(0, left))
          left -= data.byteLength
          proxy.bytes += passed.byteLength
          if (passed.byteLength > 0 && to.writable) {
            const isTaken = to.write(passed)
            if (!isTaken && !from.isPaused()) {
              from.pause()
              to.once('drain', () => from.resume())
            }
          }
          if (left <= 0) {
            left = Infinity
            cut()
          }
        })()
      })
      from.once('end', () => void sent.then(() => to.end()))
    }
    pass(client, upstream)
    pass(upstream, client)
  })
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    bytes: 0,
    delayMs: 0,
    refusing: false,
    silent: false,
    cutAfter: (bytes: number): void => {
      left = bytes
    },
    cut,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
