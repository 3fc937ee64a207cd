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
    run(): Promise<unknown>
    close(): Promise<void>
  }
}
