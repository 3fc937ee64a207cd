declare module '@20minutes/s3rver' {
  import type { Server } from 'node:http'
  import type { Readable } from 'node:stream'

  /** Where a server keeps its objects, as far as tests have it do something else. */
  export interface S3Store {
    listObjects(bucket: string, options: object): Promise<unknown>
    getObject(bucket: string, key: string, options?: object): Promise<unknown>
    putObject(object: {
      readonly bucket: string
      readonly key: string
      readonly content: Readable
      readonly metadata: object
    }): Promise<{ readonly size: number; readonly md5: string }>
    deleteObject(bucket: string, key: string): Promise<void>
    getResourcePath(bucket: string, key: string, resource: 'object' | 'object.md5' | 'metadata.json'): string
    putContent(path: string, content: Readable): Promise<readonly [size: number, md5: string]>
    putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>
  }

  /** What tests use of it. */
  export default class S3rver {
    constructor(options: {
      readonly address: string
      readonly port: number
      readonly directory: string
      readonly silent: boolean
      readonly resetOnClose: boolean
      readonly allowMismatchedSignatures: boolean
    })
    readonly store: S3Store
    /** There once it runs. */
    readonly httpServer: Server
    run(): Promise<unknown>
    close(): Promise<void>
  }
}
