import { readFileSync } from 'node:fs'
import type { Port } from '../../parsers/event.ts'
import type { Binding } from '../../rules/derive/mac.ts'
import type { CodeForm } from '../../rules/derive/totp.ts'

/** Made by an independent program (Python's hmac, Debian's oathtool); what README promises whoever writes a client. */
interface Vectors {
  readonly hmac: readonly (Binding & { secret: string; knocks: number; low: Port; high: Port; ports: number[] })[]
  readonly token: readonly (Binding & { secret: string; token: string })[]
  readonly totp: readonly (CodeForm & { secret: string; timeStep: number; code: string; ports: number[] })[]
}

export const vectors = JSON.parse(readFileSync(new URL('../../samples/derive/vectors.json', import.meta.url), 'utf8')) as Vectors
