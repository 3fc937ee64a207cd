import { createS3Store } from '../../drivers/s3/create-store.ts'
import { openS3Driver, type S3Driver } from '../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../drivers/s3/s3-location.ts'

/** Opens the store at an `s3://` URL. */
export async function openS3(url: string): Promise<S3Driver> {
  return openS3Driver({ location: parseS3Url(url), url })
}

/** Makes an empty store at an `s3://` URL. */
export async function createS3(url: string): Promise<void> {
  await createS3Store({ location: parseS3Url(url), url })
}
