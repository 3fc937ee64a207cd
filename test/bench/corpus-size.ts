/** How large the corpora of a run are. */
export interface CorpusSize {
  readonly files: number
  readonly folders: number
  readonly bytes: number
  readonly largeBytes: number
  /** Numbers of files of the corpora that show how cost grows. */
  readonly growth: readonly number[]
}

/** The largest corpus of growth takes gigabytes on the disk and minutes: it is measured once. */
export const MILLION = 1_000_000

/** The corpora that the goals are stated for. */
export const FULL_SIZE: CorpusSize = {
  files: 65_000,
  folders: 4_000,
  bytes: 900e6,
  largeBytes: 750e6,
  growth: [10_000, 100_000, MILLION],
}

/** What is sent to servers: enough to tell how well transfers are overlapped, in a few minutes. */
export const DRIVERS_SIZE: CorpusSize = { files: 12_000, folders: 750, bytes: 165e6, largeBytes: 0, growth: [] }

/** Corpora for trying the bench itself: the figures say little. */
export const QUICK_SIZE: CorpusSize = {
  files: 3_000,
  folders: 200,
  bytes: 45e6,
  largeBytes: 48e6,
  growth: [500, 2_000],
}
