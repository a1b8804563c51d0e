import type { Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import type { HmacForm } from '../../rules/hmac-rule.ts'
import type { FixedStep } from '../../rules/rule.ts'
import type { TokenForm } from '../../rules/token-rule.ts'
import type { TotpForm } from '../../rules/totp-rule.ts'

/** How a sequence is made. Secrets and lists are files of their own, read when they are needed. */
export type Recipe =
  | { readonly kind: 'static'; readonly steps: readonly FixedStep[] }
  | { readonly kind: 'one-time'; readonly list: string }
  | { readonly kind: 'totp'; readonly secretFile: string; readonly form: TotpForm }
  | { readonly kind: 'hmac'; readonly secretFile: string; readonly user: string; readonly form: HmacForm }
  | { readonly kind: 'token'; readonly secretFile: string; readonly user: string; readonly form: TokenForm }

/** Where requests go: scheme, name and port as the server knows them. */
export interface Origin {
  readonly scheme: 'https' | 'http' | 'gemini'
  readonly host: string
  readonly port: number
}

/** Which certificate of a server is good: one that an authority vouches for, one whose SHA-256 fingerprint is known, or any. */
export type Trust = { readonly kind: 'authorities' | 'any' } | { readonly kind: 'pinned'; readonly sha256: string }

/** One section of the profiles file: how to knock at one door. */
export interface Profile {
  readonly name: string
  /** Undefined: it must be named on the command line. */
  readonly host: string | undefined
  readonly recipe: Recipe
  /** Ours, as the server sees it; undefined: the one that we send from. */
  readonly address: Address | undefined
  /** Undefined: https, at the host's own name. */
  readonly origin: Origin | undefined
  readonly trust: Trust
  /** Undefined: the default. */
  readonly delay: Micros | undefined
  readonly waitPort: Port | undefined
}
