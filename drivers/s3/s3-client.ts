import { S3Client } from '@aws-sdk/client-s3'

import { followRegion } from './follow-region.ts'
import type { S3Location } from './s3-location.ts'

/** Requests at once to one server: what restores and uploads overlap. */
export const CONNECTIONS = 16
const CONNECT_MS_MAX = 10_000
/** Of silence on a connection: longer than what is left in its buffers takes on a slow line. */
const SILENCE_MS_MAX = 120_000

/** Region of servers that have none, and the one by which Amazon is asked where nobody names any. */
const REGION_DEFAULT = 'us-east-1'

/** A key of the server's user. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/**
 * Makes a client of the SDK. Without `credentials` they come from where AWS tools take them: environment, ~/.aws, the
 * machine's role.
 *
 * It makes each request once: what is tried again, and when, is for `withRetries` to decide.
 */
export function makeS3Client(
  location: S3Location,
  credentials: S3Credentials | undefined,
  silenceMs = SILENCE_MS_MAX,
): S3Client {
  const { endpoint, region, pathStyle } = location
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region: region ?? (endpoint === undefined ? regionOfUser : REGION_DEFAULT),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    // Checksums beyond the signature's SHA-256 are refused by many compatible servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Asked whether it may send a body, a server lets every pack wait for a round trip; and the SDK makes a connection of
    // its own for each such request.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      // Not the SDK's time for a whole request: many packs that share a slow line each take their time.
      socketTimeout: silenceMs,
      httpAgent: { maxSockets: CONNECTIONS, keepAlive: true },
      httpsAgent: { maxSockets: CONNECTIONS, keepAlive: true },
    },
  })
  followRegion(client)
  return client
}

/** Returns the region that environment or profile name. They may name none: Amazon tells where a bucket lies. */
async function regionOfUser(): Promise<string> {
  const { config } = new S3Client({})
  return config.region().catch((error: unknown) => {
    if (error instanceof Error && error.message === 'Region is missing') return REGION_DEFAULT
    throw error
  })
}
