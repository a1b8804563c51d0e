import { parseAddress, type Address } from '../../parsers/address.ts'
import type { Listed } from './firewall.ts'
import { isOurs } from './label.ts'

/** As many keys as one `nft get element` takes: 1.0.6 is ended by a signal from some 250 on. */
export const MOST_ASKED = 100

/** A comment, a comma or brace between elements, or any other word. nft allows no `"` in a comment. */
const WORD = /"([^"]*)"|[{},]|[^\s{},"]+/g

/**
 * Whose each element is that `nft get element` prints, by its address. It prints text also with -j (1.0.6): a set in braces whose last words are
 * `elements = { 192.0.2.7 . tcp . 22 timeout 30s expires 12s comment "knocktail ssh", ... }`.
 */
export function readElements(text: string): Map<Address, Listed['mark']> {
  const words = [...text.slice(text.indexOf('elements = {')).matchAll(WORD)].slice(3)
  const marks = new Map<Address, Listed['mark']>()
  let address: Address | undefined
  for (const [index, [word, comment]] of words.entries()) {
    const before = words[index - 1]?.[0]
    if (before === undefined || before === ',') address = parseAddress(word)
    if (address !== undefined && !marks.has(address)) marks.set(address, 'foreign')
    if (address !== undefined && before === 'comment' && isOurs(comment)) marks.set(address, 'ours')
  }
  return marks
}
