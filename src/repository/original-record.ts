import { IntegrityError } from '../base/errors.ts'
import { verify } from '../crypto/ed25519.ts'
import { decodeEnvelopeInner, signatureInput } from '../format/envelope.ts'
import { decodeRecordBody } from '../format/record-codec.ts'
import type { PointRecord } from '../format/records.ts'
import { instanceIdOf } from './instance-key.ts'

/**
 * Tells whether a copied point's original record is by the instance that the point names, and about the same point.
 *
 * @see docs/format.md, "Points"
 */
export function isTrueCopy(record: PointRecord): boolean {
  const { original } = record
  if (original === undefined || instanceIdOf(original.publicKey) !== record.instance) return false
  try {
    const { body, signer, signature } = decodeEnvelopeInner(original.inner)
    if (signer !== record.instance) return false
    const message = signatureInput('points', original.repository, body)
    if (!verify(message, { signature, publicKey: original.publicKey })) return false
    const there = decodeRecordBody('points', body)
    return (['point', 'chain', 'sequence', 'instance', 'type'] as const).every(
      (field) => there[field] === record[field],
    )
  } catch (error) {
    if (error instanceof IntegrityError) return false
    throw error
  }
}
