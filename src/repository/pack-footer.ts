import { IntegrityError } from '../base/errors.ts'
import { idBytes, type InstanceId, type ObjectId, type RepositoryId } from '../base/ids.ts'
import { verify } from '../crypto/ed25519.ts'
import { decodePackFooter, footerSignatureInput } from '../format/pack-footer-codec.ts'
import { decodePackTrailer } from '../format/pack-header-codec.ts'
import { PACK_HEADER_BYTES, PACK_TRAILER_BYTES, type PackFooter } from '../format/pack.ts'
import { packPath } from '../storage/driver.ts'
import { decodeFooterFrame } from './frame-codec.ts'

export interface FooterSource {
  readonly repository: RepositoryId
  readonly pack: ObjectId
  /** The pack's key. */
  readonly key: Uint8Array
  /** The pack's first 1224 bytes. */
  readonly header: Uint8Array
  /** Its last bytes: as many as `footerBytes` asks for. */
  readonly tail: Uint8Array
  /** Size of the whole pack. */
  readonly packBytes: number
  /** Returns the key of an instance of this repository, or `undefined`. */
  readonly publicKeyOf: (instance: InstanceId) => Uint8Array | undefined
}

/**
 * Returns how many bytes at the end of a pack its footer and trailer take; `tail` are its last bytes, twelve or more.
 *
 * @throws {IntegrityError} MALFORMED
 */
export function footerBytes(tail: Uint8Array, packBytes: number): number {
  const bytes = decodePackTrailer(tail) + PACK_TRAILER_BYTES
  if (bytes + PACK_HEADER_BYTES <= packBytes) return bytes
  throw new IntegrityError('MALFORMED', 'a pack trailer tells of a footer that is larger than the pack')
}

/**
 * Returns a pack's footer, which an instance of this repository signed.
 *
 * @throws {IntegrityError} MALFORMED, AUTH_FAILED, BAD_SIGNATURE
 * @see docs/format.md, "Footer"
 */
export function openFooter(source: FooterSource): PackFooter {
  const { repository, pack, key, tail, packBytes } = source
  const length = footerBytes(tail, packBytes)
  const sealed = tail.subarray(tail.byteLength - length, tail.byteLength - PACK_TRAILER_BYTES)
  const payload = decodeFooterFrame({ key, repositoryIdBytes: idBytes(repository), sealed, pack })
  const footer = decodePackFooter(payload, { framesEnd: packBytes - length })
  const publicKey = source.publicKeyOf(footer.instance)
  const header = source.header.subarray(0, PACK_HEADER_BYTES)
  const message = footerSignatureInput({ repository, header, body: footer.body })
  if (publicKey !== undefined && verify(message, { signature: footer.signature, publicKey })) return footer
  const why = publicKey === undefined ? 'which is unknown here' : 'but is not by it'
  throw new IntegrityError(
    'BAD_SIGNATURE',
    `${packPath(pack)} says that instance ${footer.instance} wrote it, ${why}`,
    {
      context: { pack, instance: footer.instance },
    },
  )
}
