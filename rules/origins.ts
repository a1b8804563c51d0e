import type { Micros } from '../parsers/time.ts'

/** Which source a packet is of, and how exactly that dates it. */
export interface Origin {
  readonly source: string
  readonly resolution: Micros
}

/** A small number for each origin: a source has one or a few, however many packets it has. */
export class Origins {
  readonly #origins: Origin[] = []
  readonly #numbers = new Map<string, Map<Micros, number>>()
  #last = -1

  numberOf({ source, resolution }: Origin): number {
    const last = this.#origins[this.#last]
    if (last === undefined || last.source !== source || last.resolution !== resolution) this.#last = this.#find(source, resolution)
    return this.#last
  }

  at(number: number): Origin {
    return this.#origins[number]!
  }

  #find(source: string, resolution: Micros): number {
    const ofSource = this.#numbers.get(source) ?? new Map<Micros, number>()
    const number = ofSource.get(resolution) ?? this.#origins.push({ source, resolution }) - 1
    this.#numbers.set(source, ofSource.set(resolution, number))
    return number
  }
}
