import { S3Client } from '@aws-sdk/client-s3'

import { followRegion } from './follow-region.ts'
import type { S3Location } from './s3-location.ts'

/** Requests at once to one server: what restores and uploads overlap. */
export const CONNECTIONS = 16
const CONNECT_MS_MAX = 10_000
/** Of silence on a connection: longer than what is left in its buffers takes on a slow line. */
const SILENCE_MS_MAX = 120_000

/** Region of servers that have none. */
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
    ...(region === undefined && endpoint === undefined ? {} : { region: region ?? REGION_DEFAULT }),
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
