import type { Address } from '../../parsers/address.ts'
import type { Entry } from './firewall.ts'
import type { Target } from './target.ts'

interface Item {
  readonly address: Address
}

/** What nft is told of elements, in its own language (nft(8)). Each line is one transaction: all of it happens, or nothing. */
export class NftLines {
  readonly #port: Target['port']
  readonly #label: string

  /** `label`: the comment by which an element is known for ours. */
  constructor({ port }: Target, label: string) {
    this.#port = port
    this.#label = label
  }

  /** Fails on what is there already. */
  create(set: string, entries: readonly Entry[]): string {
    return `create element ${set} { ${this.#elements(entries)} }`
  }

  /** Kernels before 6.12 keep the old time-out of an element that is added again: so it is taken away and made anew. */
  refresh(set: string, entries: readonly Entry[]): string {
    const add = `add element ${set} { ${this.#elements(entries)} }`
    return `${add}; delete element ${set} ${this.keys(entries)}; ${add}`
  }

  delete(set: string, items: readonly Item[]): string {
    return `delete element ${set} ${this.keys(items)}`
  }

  keys(items: readonly Item[]): string {
    return `{ ${items.map(({ address }) => this.#key(address)).join(', ')} }`
  }

  #elements(entries: readonly Entry[]): string {
    return entries.map(({ address, seconds }) => `${this.#key(address)} timeout ${seconds}s comment "${this.#label}"`).join(', ')
  }

  #key(address: Address): string {
    return this.#port ? `${address} . ${this.#port.proto} . ${this.#port.port}` : address
  }
}
