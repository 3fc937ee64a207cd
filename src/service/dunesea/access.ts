import type { FastifyReply, FastifyRequest } from 'fastify'

import type { StreamingDriver } from '../../storage/driver.ts'
import { Domain } from './domain.ts'
import { Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'
import { type Token, Tokens } from './tokens.ts'

export interface AccessOptions {
  readonly registry: Registry
  /** Opens the store of a domain; asked once for each. */
  readonly openDomain: (name: string) => Promise<StreamingDriver>
  /** Of one domain, at once. */
  readonly requestsMax: number
}

/** What a request was let in with, and to. */
export interface Entrance {
  readonly token: Token
  readonly domain: Domain
}

/** Lets requests into their domain, each with a token of that domain, and not too many at once. */
export class Access {
  readonly #options: AccessOptions
  readonly #tokens: Tokens
  readonly #domains = new Map<string, Promise<Domain>>()
  readonly #entrances = new WeakMap<FastifyRequest, Entrance>()
  readonly #underWay = new Map<string, number>()

  constructor(options: AccessOptions) {
    this.#options = options
    this.#tokens = new Tokens(options.registry)
  }

  /**
   * Lets `request` in, before anything of its body is looked at.
   *
   * @throws {Refusal} 401, 403, 429
   */
  async enter(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { domain: name } = request.params as { readonly domain: string }
    const [, text = ''] = /^Bearer ([!-~]{1,200})$/i.exec(request.headers.authorization ?? '') ?? []
    const token = this.#tokens.find(text)
    if (token === undefined) {
      reply.header('www-authenticate', 'Bearer')
      throw new Refusal(401, 'STORE_DENIED', 'the token is not valid, or was revoked')
    }
    if (token.domain !== name) throw new Refusal(403, 'STORE_DENIED', 'the token is for another domain')
    this.#count(name, reply)
    this.#entrances.set(request, { token, domain: await this.#domain(name) })
  }

  /** Returns what `request` entered with, if it was let in. */
  of(request: FastifyRequest): Entrance | undefined {
    return this.#entrances.get(request)
  }

  async close(): Promise<void> {
    for (const opened of this.#domains.values()) {
      const domain = await opened.catch(() => undefined)
      await domain?.close()
    }
  }

  #count(name: string, reply: FastifyReply): void {
    const count = this.#underWay.get(name) ?? 0
    if (count >= this.#options.requestsMax) {
      reply.header('retry-after', '1')
      throw new Refusal(429, 'STORE_UNAVAILABLE', 'too many requests at once')
    }
    this.#underWay.set(name, count + 1)
    reply.raw.once('close', () => {
      this.#underWay.set(name, (this.#underWay.get(name) ?? 1) - 1)
    })
  }

  async #domain(name: string): Promise<Domain> {
    const opening = this.#domains.get(name) ?? this.#open(name)
    this.#domains.set(name, opening)
    try {
      return await opening
    } catch (error) {
      this.#domains.delete(name)
      throw error
    }
  }

  async #open(name: string): Promise<Domain> {
    const { registry, openDomain } = this.#options
    const driver = await openDomain(name)
    const domain = new Domain({ name, driver, registry, quota: () => this.#tokens.quotaOf(name) })
    await domain.measure()
    return domain
  }
}
