/** One request, once it has been answered. */
export interface AccessEntry {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly client: string
  /** The token's public id; `undefined` where none was accepted. */
  readonly token: string | undefined
  readonly method: string
  readonly path: string
  /** 499: the client went away before the end. */
  readonly status: number
  /** Bytes of the bodies, as announced by who sends them. */
  readonly received: number
  readonly sent: number
  readonly durationMs: number
}

const BUCKETS_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60] as const

/** Counts what a server does, without telling domains apart: whoever may read it learns nothing about one. */
export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #buckets = BUCKETS_SECONDS.map(() => 0)
  #seconds = 0
  #received = 0
  #sent = 0
  underWay = 0

  add({ method, status, received, sent, durationMs }: AccessEntry): void {
    const labels = `method="${method}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    this.#received += received
    this.#sent += sent
    this.#seconds += durationMs / 1000
    BUCKETS_SECONDS.forEach((limit, index) => {
      if (durationMs / 1000 <= limit) this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    })
  }

  /** Returns them in the text format of Prometheus. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): string {
    const total = [...this.#requests.values()].reduce((sum, count) => sum + count, 0)
    return [
      ...family('requests_total', 'counter', 'Requests that were answered.'),
      ...[...this.#requests].sort().map(([labels, count]) => `${PREFIX}requests_total{${labels}} ${count}`),
      ...family('requests_under_way', 'gauge', 'Requests that are being answered.'),
      `${PREFIX}requests_under_way ${this.underWay}`,
      ...family('received_bytes_total', 'counter', 'Bytes of bodies that clients sent.'),
      `${PREFIX}received_bytes_total ${this.#received}`,
      ...family('sent_bytes_total', 'counter', 'Bytes of bodies that were sent to clients.'),
      `${PREFIX}sent_bytes_total ${this.#sent}`,
      ...family('request_seconds', 'histogram', 'How long requests took.'),
      ...BUCKETS_SECONDS.map(
        (limit, index) => `${PREFIX}request_seconds_bucket{le="${limit}"} ${this.#buckets[index] ?? 0}`,
      ),
      `${PREFIX}request_seconds_bucket{le="+Inf"} ${total}`,
      `${PREFIX}request_seconds_sum ${this.#seconds}`,
      `${PREFIX}request_seconds_count ${total}`,
      '',
    ].join('\n')
  }
}

const PREFIX = 'tidemark_dunesea_'

function family(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string[] {
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`]
}
