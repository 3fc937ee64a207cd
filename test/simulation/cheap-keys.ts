import type { OpenedKeys } from '../../src/repository/open-keys.ts'

const SEALED_WRITER_KEY_BYTES = 1168
const WRITER_KEY_BYTES = 32

/** Sealing is not what is simulated: writer keys go into packs as they are, which saves most of the time. */
export function sealCheaply({ ring }: OpenedKeys): void {
  const realm = ring.realm()
  realm.sealWriterKey = (_, writerKey) => {
    const sealed = new Uint8Array(SEALED_WRITER_KEY_BYTES)
    sealed.set(writerKey)
    return sealed
  }
  realm.openWriterKey = (_, __, sealed) => sealed.slice(0, WRITER_KEY_BYTES)
}
