type Column = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array

/**
 * Columns of numbers, one place each in all of them: what is remembered of very many costs a garbage collector nothing so. Places are
 * counted from 1, so that columns are good as they come: 0 is none.
 */
export type Columns<C> = { readonly [N in keyof C]: Column }

export const NONE = 0

/** Most daemons never need more. */
export const FIRST_PLACES = 1024

/** The same, with so many places. */
export function grown<C extends Columns<C>>(columns: C, anew: (places: number) => C, places: number): C {
  const larger = anew(places)
  for (const name of Object.keys(columns) as (keyof C)[]) larger[name].set(columns[name])
  return larger
}

/** Hands out places; those that were given back first. */
export class Places {
  readonly #free: number[] = []
  #next = 1

  take(): number {
    return this.#free.pop() ?? this.#next++
  }

  giveBack(place: number): void {
    this.#free.push(place)
  }

  clear(): void {
    this.#free.length = 0
    this.#next = 1
  }
}
