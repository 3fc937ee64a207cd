import { UsageError } from '../../src/base/errors.ts'

/** Where a repository lies in a bucket, and what its server has to be told. */
export interface S3Location {
  readonly bucket: string
  /** Before every key: empty, or ending in `/`. */
  readonly prefix: string
  /** URL of the server; `undefined` for Amazon's. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  /** The bucket stands in the path of URLs, not in the host's name: what most other servers want. */
  readonly pathStyle: boolean
  readonly storageClass: string | undefined
  /** Value of x-amz-server-side-encryption. */
  readonly sse: string | undefined
}

/** It becomes part of a host's name. */
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const OPTIONS: ReadonlySet<string> = new Set(['endpoint', 'region', 'pathStyle', 'storageClass', 'sse'])

/**
 * Returns what `s3://bucket[/prefix]?endpoint=URL&region=R&pathStyle=true&storageClass=C&sse=S` names. With an endpoint,
 * path style is the default.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseS3Url(url: string): S3Location {
  const match = /^s3:\/\/([^/?#:]+)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(url)
  if (match === null) throw unusable(url, 'names no bucket')
  const [, bucket = '', path = '', query = ''] = match
  const options = new URLSearchParams(query)
  for (const name of options.keys()) if (!OPTIONS.has(name)) throw unusable(url, `has an unknown option ${name}`)
  const prefix = decoded(url, path).replace(/^\/+|\/+$/g, '')
  const endpoint = options.get('endpoint') ?? undefined
  if (endpoint !== undefined && !(/^https?:\/\/[^/?#@]+\/?$/.test(endpoint) && URL.canParse(endpoint))) {
    throw unusable(url, 'has an endpoint that is no URL such as https://s3.example')
  }
  const region = options.get('region') ?? undefined
  if (region !== undefined && !REGION.test(region)) throw unusable(url, 'has a region that is none, such as eu-west-1')
  const pathStyle = options.get('pathStyle') ?? (endpoint === undefined ? 'false' : 'true')
  if (pathStyle !== 'true' && pathStyle !== 'false') throw unusable(url, 'has pathStyle neither true nor false')
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    endpoint,
    region,
    pathStyle: pathStyle === 'true',
    storageClass: options.get('storageClass') ?? undefined,
    sse: options.get('sse') ?? undefined,
  }
}

function decoded(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unusable(url, 'has a % that begins no byte: write %25')
  }
}

function unusable(url: string, why: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `${url} ${why}`, {
    hint: 'Write s3://bucket/prefix?endpoint=https://host&region=name. Credentials are taken from where AWS tools take them.',
  })
}
