import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../support/s3-server.ts'
import { startSshServer, type TestSshServer } from '../support/ssh-server.ts'
import type { Place, Tool } from './tool.ts'

const HOST = 'bench'
const BUCKET = 'bench'

/** Kinds of servers that repositories are kept on. */
export type ServerKind = 'sftp' | 's3'

/** An SSH and an S3 server on loopback that can be made to seem far away. */
export class BenchServers implements AsyncDisposable {
  readonly #ssh: TestSshServer
  readonly #s3: TestS3Server
  readonly #http: HttpProxy
  readonly #lines: Readonly<Record<ServerKind, FaultProxy>>
  #count = 0

  private constructor(servers: {
    ssh: TestSshServer
    s3: TestS3Server
    http: HttpProxy
    lines: Record<ServerKind, FaultProxy>
  }) {
    this.#ssh = servers.ssh
    this.#s3 = servers.s3
    this.#http = servers.http
    this.#lines = servers.lines
  }

  static async start(): Promise<BenchServers> {
    const [ssh, s3] = await Promise.all([startSshServer(), startS3Server()])
    const http = await startHttpProxy(s3.port)
    const lines = { sftp: await startFaultProxy(ssh.port), s3: await startFaultProxy(http.port) }
    return new BenchServers({ ssh, s3, http, lines })
  }

  /** Makes everything that goes either way take so long. */
  setDelay(delayMs: number): void {
    this.#lines.sftp.delayMs = delayMs
    this.#lines.s3.delayMs = delayMs
  }

  /** Requests that the S3 server got since this was called last. */
  takeRequests(): number {
    return this.#http.requests.splice(0).length
  }

  /** Returns where `tool` keeps a new repository, or `undefined` when it does not reach such servers. */
  placeOn(kind: ServerKind, tool: Tool): ((place: Place) => Place) | undefined {
    const path = `repository-${this.#count++}`
    const { sftp, s3 } = tool.remote ?? {}
    if (kind === 's3') {
      const endpoint = `http://127.0.0.1:${this.#lines.s3.port}`
      return (
        s3 && ((place) => ({ ...place, repository: s3(endpoint, `${BUCKET}/${path}`), environment: S3_CREDENTIALS }))
      )
    }
    return (
      sftp && ((place) => ({ ...place, ...this.#reach(place), repository: sftp(HOST, join(this.#ssh.folder, path)) }))
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of Object.values(this.#lines)) await line[Symbol.asyncDispose]()
    await this.#http[Symbol.asyncDispose]()
    await this.#s3[Symbol.asyncDispose]()
    await this.#ssh[Symbol.asyncDispose]()
  }

  /** Gives a home an SSH configuration; `ssh` itself goes by the user's entry in /etc/passwd, and has to be told. */
  #reach({ home }: Place): Pick<Place, 'environment'> {
    const [folder, programs] = [join(home, '.ssh'), join(home, 'bin')]
    mkdirSync(folder, { mode: 0o700 })
    mkdirSync(programs)
    const { port } = this.#lines.sftp
    writeFileSync(join(folder, 'known_hosts'), this.#ssh.knownHosts.replace(`:${this.#ssh.port}`, `:${port}`))
    const lines = [
      `Host ${HOST}`,
      'HostName 127.0.0.1',
      `Port ${port}`,
      `User ${userInfo().username}`,
      `IdentityFile ${this.#ssh.keyFile}`,
      `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
    ]
    writeFileSync(join(folder, 'config'), lines.join('\n') + '\n', { mode: 0o600 })
    const program = join(programs, 'ssh')
    writeFileSync(program, `#!/bin/sh\nexec /usr/bin/ssh -F "${join(folder, 'config')}" "$@"\n`)
    chmodSync(program, 0o755)
    return { environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}` } }
  }
}
