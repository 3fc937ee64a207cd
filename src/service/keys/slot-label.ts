import { UsageError } from '../../base/errors.ts'
import { SLOT_LABEL_BYTES_MAX } from '../../format/slot-content.ts'

/** Returns what a new key is called. @throws {UsageError} BAD_ARGUMENT: the label is too long. */
export function slotLabel(label: string | undefined, otherwise: string): string {
  if (label === undefined) return otherwise
  if (Buffer.byteLength(label) <= SLOT_LABEL_BYTES_MAX) return label
  throw new UsageError('BAD_ARGUMENT', 'the label is too long', {
    context: { field: 'label' },
    hint: `It may have ${SLOT_LABEL_BYTES_MAX} bytes.`,
  })
}
