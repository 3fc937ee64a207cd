import type { S3Client } from '@aws-sdk/client-s3'

import { httpStatus, type ServiceError } from './s3-errors.ts'

/** Answers that may tell of another region. */
const REDIRECTS: readonly (number | undefined)[] = [301, 307, 308, 400]
/** It becomes part of a host's name, to which requests are sent. */
const REGION = /^[a-z0-9-]{1,63}$/
/** Where Amazon says that a bucket is to be asked for. */
const AMAZON_HOST = /(?:^|[./])s3[.-](?:dualstack\.)?([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?(?:[:/]|$)/

/**
 * Makes a client go on with the region that a server says a bucket lies in, for all requests from then on. The SDK follows one of the
 * forms in which servers say it, and has itself be told again with each request.
 */
export function followRegion(client: S3Client): void {
  const { config, middlewareStack } = client
  middlewareStack.add(
    (next) => async (args) => {
      const asked = await config.region()
      try {
        return await next(args)
      } catch (error) {
        const region = regionIn(error)
        if (region === undefined || region === asked) throw error
        config.region = async () => region
        return next(args)
      }
    },
    { step: 'initialize', name: 'followRegion' },
  )
}

/** Returns the region that an answer tells of: in a header, in the error's text, or in the name of the host to ask. */
function regionIn(error: unknown): string | undefined {
  if (!REDIRECTS.includes(httpStatus(error))) return undefined
  const { $response: answer, Region: region, Endpoint: endpoint } = error as ServiceError
  const { location, 'x-amz-bucket-region': inHeader } = answer?.headers ?? {}
  const hosts = [endpoint, location].map((host) => (typeof host === 'string' ? AMAZON_HOST.exec(host)?.[1] : undefined))
  return [inHeader, region, ...hosts].find((told): told is string => typeof told === 'string' && REGION.test(told))
}
