import { addressNumber, addressOf, type Address } from '../parsers/address.ts'
import { FIRST_PLACES } from './columns.ts'

/** In a column an IPv4 address is its number plus one. This is none, */
const NOBODY = 0
/** and this one that is no IPv4 address: it stands apart. */
const APART = -1

/** What an address is found by. */
export interface AddressKey {
  readonly address: Address
  /** What stands for it in a column. */
  readonly code: number
  /** 32 bits. */
  readonly hash: number
}

/** Keys of addresses. That of the last one is kept: an event looks in several places for whose it is. */
export class AddressKeys {
  readonly #seed: number
  #last: AddressKey | undefined

  /** `seed`: decides nothing, but nobody who does not know it can choose addresses that have the same bits of a hash. */
  constructor(seed: number) {
    this.#seed = seed
  }

  of(address: Address): AddressKey {
    if (this.#last?.address !== address) this.#last = this.#make(address)
    return this.#last
  }

  #make(address: Address): AddressKey {
    const number = addressNumber(address)
    return number < 0
      ? { address, code: APART, hash: mixed(this.#seed ^ textHash(address, this.#seed)) }
      : { address, code: number + 1, hash: mixed(this.#seed ^ number) }
  }
}

/** FNV-1a. */
function textHash(text: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}

/** The last steps of MurmurHash3: every bit bears on all. */
function mixed(bits: number): number {
  let hash = bits
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** Addresses by places, eight bytes each. */
export class AddressColumn {
  #codes = new Float64Array(FIRST_PLACES)
  /** Those that are no IPv4 addresses. */
  readonly #apart = new Map<number, Address>()

  put(place: number, { address, code }: AddressKey): void {
    if (this.#codes[place] === APART) this.#apart.delete(place)
    if (code === APART) this.#apart.set(place, address)
    this.#codes[place] = code
  }

  clear(place: number): void {
    this.#codes[place] = NOBODY
    this.#apart.delete(place)
  }

  clearAll(): void {
    this.#codes.fill(NOBODY)
    this.#apart.clear()
  }

  isFree(place: number): boolean {
    return (this.#codes[place] ?? NOBODY) === NOBODY
  }

  is(place: number, { address, code }: AddressKey): boolean {
    return this.#codes[place] === code && (code !== APART || this.#apart.get(place) === address)
  }

  /** Of a place that is not free. */
  at(place: number): Address {
    const code = this.#codes[place]!
    return code === APART ? this.#apart.get(place)! : addressOf(code - 1)
  }

  grow(places: number): void {
    const larger = new Float64Array(places)
    larger.set(this.#codes)
    this.#codes = larger
  }
}
