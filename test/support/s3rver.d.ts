declare module '@20minutes/s3rver' {
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
    readonly store: {
      getResourcePath(bucket: string, key: string, resource: 'object' | 'object.md5' | 'metadata.json'): string
      deleteObject(bucket: string, key: string): Promise<void>
    }
    run(): Promise<unknown>
    close(): Promise<void>
  }
}
