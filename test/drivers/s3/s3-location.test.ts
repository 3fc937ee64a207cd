import { describe, expect, test } from 'vitest'

import { parseS3Url } from '../../../drivers/s3/s3-location.ts'

describe('the URL of a bucket', () => {
  test('has a prefix and options', () => {
    expect(
      parseS3Url('s3://bucket/a/b/?endpoint=https://s3.example&region=r1&storageClass=GLACIER_IR&sse=AES256'),
    ).toEqual({
      bucket: 'bucket',
      prefix: 'a/b/',
      endpoint: 'https://s3.example',
      region: 'r1',
      pathStyle: true,
      storageClass: 'GLACIER_IR',
      sse: 'AES256',
    })
    expect(parseS3Url('s3://bucket')).toMatchObject({ prefix: '', endpoint: undefined, pathStyle: false })
  })

  test.each([
    ...['s3://', 's3:bucket', 's3://b?color=red', 's3://b?endpoint=host', 's3://b?pathStyle=maybe', 's3://b/100%'],
    ...['s3://b?endpoint=https://[', 's3://b?endpoint=http://h:99999', 's3://b?region=eu 1', 's3://arn:aws:s3:::b'],
  ])('%s is refused', (url) => {
    expect(() => parseS3Url(url)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
  })
})
