const CAPACITY_FIRST = 256

/** A list of numbers of 32 bits that grows: four bytes each, which is half of what an array takes, or less. */
export class U32List {
  #numbers = new Uint32Array(CAPACITY_FIRST)
  #count = 0

  push(number: number): void {
    if (this.#count === this.#numbers.length) {
      const grown = new Uint32Array(this.#count * 2)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[this.#count++] = number
  }

  /** All numbers so far, a view. */
  get numbers(): Uint32Array {
    return this.#numbers.subarray(0, this.#count)
  }
}
