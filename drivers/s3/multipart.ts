import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

/** What is as large is sent in parts; packs are not, in general. */
export const MULTIPART_BYTES_MIN = 24 << 20
const PART_BYTES = 8 << 20
const PARTS_AT_ONCE = 4

interface MultipartPut {
  readonly target: Pick<CreateMultipartUploadCommandInput, 'Bucket' | 'Key' | 'StorageClass' | 'ServerSideEncryption'>
  readonly condition: { readonly IfNoneMatch?: string }
  readonly body: Uint8Array
  readonly signal: AbortSignal | undefined
}

/** Puts a large object in parts, several at once. The object is there once the last step is done, or not at all. */
export async function putInParts(client: S3Client, { target, condition, body, signal }: MultipartPut): Promise<void> {
  const options = signal === undefined ? {} : { abortSignal: signal }
  const { Bucket, Key } = target
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target), options)
  try {
    const count = Math.ceil(body.byteLength / PART_BYTES)
    const parts: { ETag: string | undefined; PartNumber: number }[] = []
    let next = 0
    const uploader = async (): Promise<void> => {
      for (let at = next++; at < count; at = next++) {
        const Body = body.subarray(at * PART_BYTES, (at + 1) * PART_BYTES)
        const PartNumber = at + 1
        const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }), options)
        parts[at] = { ETag, PartNumber }
      }
    }
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, uploader))
    const MultipartUpload = { Parts: parts }
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload, ...condition }),
      options,
    )
  } catch (error) {
    // Parts that stay are billed until a rule of the bucket removes them.
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined)
    throw error
  }
}
