/** Remembers which sources have to be settled, so that a crash leaves none of them unsettled. */
export interface RunJournal {
  /** Durable once resolved. The returned function forgets the entry. */
  begin(entry: JournalEntry): Promise<() => Promise<void>>
}

export interface JournalEntry {
  /** Kind of the source. */
  readonly source: string
  /** What the source needs to be settled by another process. */
  readonly fields: Readonly<Record<string, string>>
}
