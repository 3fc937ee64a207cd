import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'

import { UsageError } from '../../src/base/errors.ts'
import { OBJECT_KINDS } from '../../src/storage/driver.ts'
import { withMeaning } from '../../src/storage/failure-meaning.ts'
import { makeS3Client } from './s3-client.ts'
import type { S3DriverOptions } from './s3-driver.ts'
import { S3_FAILURES } from './s3-errors.ts'

/**
 * Makes sure that the bucket is there, and that nothing but a repository lies below the prefix. A missing bucket is
 * made. Whether a repository is already in it is for the caller to find out.
 *
 * @throws {UsageError} BAD_ARGUMENT: something else lies there.
 * @throws {StorageError} STORE_DENIED, STORE_UNAVAILABLE, STORE_FAILED
 */
export async function createS3Store({ location, url, credentials }: S3DriverOptions): Promise<void> {
  const { bucket: Bucket, prefix: Prefix } = location
  const client = makeS3Client(location, credentials)
  // The first thousand keys are enough to see what kind of place it is.
  const list = new ListObjectsV2Command({ Bucket, Prefix })
  try {
    await withMeaning({ doing: 'making', location: url }, S3_FAILURES, async () => {
      const found = await client.send(list).catch(async (error: unknown) => {
        if (!(error instanceof Error && error.name === 'NoSuchBucket')) throw error
        await client.send(new CreateBucketCommand({ Bucket }))
        return client.send(list)
      })
      const names = (found.Contents ?? []).map(({ Key = '' }) => Key.slice(Prefix.length).split('/')[0] ?? '')
      const strange = names.find((name) => name !== '' && !OBJECT_KINDS.some((kind) => kind === name))
      if (strange === undefined) return
      throw new UsageError('BAD_ARGUMENT', `${url} is not empty: it holds ${strange}`, {
        context: { url },
        hint: 'Choose another bucket, or a prefix: s3://bucket/prefix.',
      })
    })
  } finally {
    client.destroy()
  }
}
