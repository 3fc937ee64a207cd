import { createS3Store } from '../../drivers/s3/create-store.ts'
import type { S3Credentials } from '../../drivers/s3/s3-client.ts'
import { openS3Driver, type S3Driver } from '../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../drivers/s3/s3-location.ts'
import { UsageError } from '../base/errors.ts'
import type { DriverSurroundings } from './drivers.ts'
import { nonEmpty } from './environment.ts'

/** Opens the store at an `s3://` URL. */
export async function openS3(url: string, surroundings: DriverSurroundings): Promise<S3Driver> {
  const credentials = await credentialsFor(surroundings)
  const { remembered } = surroundings
  const known = remembered && {
    keepsConditions: remembered.report.exclusivePut,
    connections: remembered.connections,
  }
  return openS3Driver({ location: parseS3Url(url), url, credentials, known })
}

/** Makes an empty store at an `s3://` URL. */
export async function createS3(url: string, surroundings: DriverSurroundings): Promise<void> {
  await createS3Store({ location: parseS3Url(url), url, credentials: await credentialsFor(surroundings) })
}

/** The configured key, unless the environment has one; else what the SDK finds. */
async function credentialsFor({ environment, credential }: DriverSurroundings): Promise<S3Credentials | undefined> {
  const isInEnvironment = nonEmpty(environment['AWS_ACCESS_KEY_ID']) ?? nonEmpty(environment['AWS_PROFILE'])
  if (isInEnvironment !== undefined) return undefined
  const [accessKeyId, secretAccessKey] = [
    await credential('s3-access-key-id'),
    await credential('s3-secret-access-key'),
  ]
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey }
  const missing = accessKeyId === undefined ? 's3-access-key-id' : 's3-secret-access-key'
  throw new UsageError('BAD_CONFIGURATION', `the configuration has half of an S3 key: ${missing} is missing`, {
    hint: `Write it beside the other one, or seal it with \`tidemark repo add NAME URL --seal ${missing}\`.`,
  })
}
