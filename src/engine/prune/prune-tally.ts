import type { PackSum, PruneReport, WaitingPacks } from '../care-types.ts'

/** A sum that grows. */
class Sum implements PackSum {
  packs = 0
  bytes = 0

  add({ packs, bytes }: PackSum): void {
    this.packs += packs
    this.bytes += bytes
  }
}

/** What a prune did, added up over realms. */
export class PruneTally {
  readonly needed = new Sum()
  readonly freed = new Sum()
  readonly marked = new Sum()
  readonly repacked = new Sum()
  readonly repackedInto = new Sum()
  readonly waiting: WaitingPacks[] = []
  unusedBytes = 0
  retractedMarks = 0
  indexesPut = 0
  indexesRemoved = 0

  report(): PruneReport {
    const plain = ({ packs, bytes }: PackSum): PackSum => ({ packs, bytes })
    const { needed, freed, marked, repacked, repackedInto } = this
    const { waiting, unusedBytes, retractedMarks, indexesPut, indexesRemoved } = this
    return {
      needed: plain(needed),
      unusedBytes,
      freed: plain(freed),
      marked: plain(marked),
      repacked: plain(repacked),
      repackedInto: plain(repackedInto),
      retractedMarks,
      waiting,
      indexesPut,
      indexesRemoved,
    }
  }
}
