import type { FailureReader, FailureReading } from '../../src/storage/failure-meaning.ts'
import { away, parseRetryAfter, readNetworkFailure } from '../../src/storage/network-errors.ts'

const denied = (says: string, hint: string): FailureReading => ({ code: 'STORE_DENIED', says, hint })

const CREDENTIALS_HINT =
  'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile in ~/.aws that AWS_PROFILE names; where it is one of SSO, `aws sso login` comes first.'

/** What the error codes of S3 and of servers like it mean. */
const READINGS: Readonly<Record<string, FailureReading>> = {
  NoSuchBucket: {
    code: 'NO_REPOSITORY',
    says: 'there is no such bucket',
    hint: 'Check bucket, endpoint and region, or make a repository with `tidemark init`.',
  },
  AccessDenied: denied('access was denied', 'The key needs to list, get, put and delete objects of the bucket.'),
  AllAccessDisabled: denied('access is disabled', 'Ask the provider of the bucket.'),
  InvalidAccessKeyId: denied('the access key is not known there', CREDENTIALS_HINT),
  SignatureDoesNotMatch: denied('the secret key is not the right one', CREDENTIALS_HINT),
  InvalidToken: denied('the session token is not valid', CREDENTIALS_HINT),
  ExpiredToken: denied('the session token has expired', CREDENTIALS_HINT),
  CredentialsProviderError: denied('no credentials were found', CREDENTIALS_HINT),
  RequestTimeTooSkewed: {
    code: 'STORE_UNAVAILABLE',
    // The clock of the server is known from its answer, and the next request is made by it.
    retry: 'transient',
    says: "this machine's clock differs from the server's",
    hint: 'Set the clock of this machine.',
  },
  RegionNotAccepted: {
    code: 'STORE_FAILED',
    says: 'the region of AWS_REGION or of the profile in ~/.aws is none',
    hint: 'Correct it, or add region=NAME to the URL of the repository.',
  },
  PermanentRedirect: redirected(),
  AuthorizationHeaderMalformed: redirected(),
  IllegalLocationConstraintException: redirected(),
  QuotaExceeded: full(),
  QuotaExceededException: full(),
  XMinioStorageFull: full(),
  InsufficientStorage: full(),
}

function redirected(): FailureReading {
  return {
    code: 'STORE_FAILED',
    says: 'the bucket lies in another region',
    hint: 'Name its region: add region=NAME to the URL of the repository.',
  }
}

function full(): FailureReading {
  return {
    code: 'STORE_FULL',
    says: 'no space is left',
    hint: 'Raise the quota there, or run `tidemark forget` and `tidemark prune`; what is stored stays whole.',
  }
}

/** The parts that errors of the SDK have. */
export interface ServiceError extends Error {
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** What the server's text says besides. */
  readonly Region?: unknown
  readonly Endpoint?: unknown
}

/** HTTP status of the answer that became `error`, or `undefined` when there was none. */
export function httpStatus(error: unknown): number | undefined {
  return error instanceof Error ? (error as ServiceError).$metadata?.httpStatusCode : undefined
}

/** Reads errors of the SDK. */
export const S3_FAILURES: FailureReader = {
  ofObject: (error) => (isMissingObject(error) ? 'NOT_FOUND' : undefined),
  ofStore: (error) => {
    const reading = readingOf(error)
    if (reading === undefined || httpStatus(error) === undefined) return reading
    return { ...reading, says: `${reading.says} (${error.name})`, retryAfterSeconds: retryAfterOf(error) }
  },
}

/** A missing bucket is another matter, as far as a server tells: the answer to HEAD has no body that could. */
export function isMissingObject(error: unknown): boolean {
  return httpStatus(error) === 404 && error instanceof Error && error.name !== 'NoSuchBucket'
}

function readingOf(error: ServiceError): FailureReading | undefined {
  // It has no name of its own.
  if (error.message.startsWith('Region not accepted')) return READINGS['RegionNotAccepted']
  const known = READINGS[error.name] ?? (typeof error.code === 'string' ? READINGS[error.code] : undefined)
  if (known !== undefined) return known
  // The SDK calls a connection that broke a time-out, too: what the network says goes first.
  const ofNetwork = readNetworkFailure(error)
  if (ofNetwork !== undefined) return ofNetwork
  if (error.name === 'TimeoutError') return away('the server did not answer in time')
  const status = httpStatus(error)
  return status === undefined ? undefined : readingOfStatus(status)
}

function readingOfStatus(status: number): FailureReading | undefined {
  if (status === 401 || status === 403) return READINGS['AccessDenied']
  if (status === 507) return full()
  if (status === 301 || status === 307 || status === 308) return redirected()
  // Two conditional puts of one name at once, too many requests, and whatever goes wrong on the other side.
  if (status === 409 || status === 429 || status >= 500) return away(`the server answered with status ${status}`)
  // An answer that is no answer, as from a proxy in between: it may be gone the next time.
  if (status < 400) return away('the server broke off its answer')
  return {
    code: 'STORE_FAILED',
    says: `the server answered with status ${status}`,
    hint: 'See the message of the server with -v, and whether it is an S3 server at all.',
  }
}

function retryAfterOf(error: ServiceError): number | undefined {
  return parseRetryAfter(error.$response?.headers?.['retry-after'])
}
