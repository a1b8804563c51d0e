/** Packets in columns of numbers, one place each: what is remembered of very many costs a garbage collector nothing so. */
export interface Columns {
  readonly addresses: Float64Array
  readonly buckets: Int32Array
  readonly before: Int32Array
  readonly times: Float64Array
  readonly orders: Float64Array
  readonly resolutions: Float64Array
  readonly keys: Uint32Array
  readonly seqs: Uint32Array
  readonly sports: Uint16Array
  readonly ipIds: Uint16Array
  readonly shown: Uint8Array
}

export function newColumns(places: number): Columns {
  return {
    addresses: new Float64Array(places), buckets: new Int32Array(places), before: new Int32Array(places),
    times: new Float64Array(places), orders: new Float64Array(places), resolutions: new Float64Array(places),
    keys: new Uint32Array(places), seqs: new Uint32Array(places), sports: new Uint16Array(places), ipIds: new Uint16Array(places), shown: new Uint8Array(places),
  }
}

/** The same, with so many places. */
export function grown(columns: Columns, places: number): Columns {
  const larger = newColumns(places)
  for (const name of Object.keys(columns) as (keyof Columns)[]) larger[name].set(columns[name])
  return larger
}
