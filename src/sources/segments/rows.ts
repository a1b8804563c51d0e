import type { Outcome } from '../../../parsers/parser.ts'

/**
 * Lines that were parsed, as they go from one thread to another: to clone an object for each would take longer than parsing. What many
 * lines have in common is a form and goes once, as the first such line; by what they differ are columns.
 */
export interface Rows {
  readonly count: number
  /** See columns.ts. */
  readonly columns: SharedArrayBuffer
  readonly forms: readonly Form[]
  /** Paths, X-Forwarded-For, IPv6 addresses. */
  readonly texts: readonly string[]
}

/** `whole`: the outcome as it is. Otherwise what columns hold is to be put into it. */
export interface Form {
  readonly whole: boolean
  readonly outcome: Outcome
}

/** From here on a number in a column of addresses is a place in the list of texts; below it is an IPv4 address. */
export const FIRST_TEXT = 2 ** 32
