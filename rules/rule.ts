import type { Address } from '../parsers/address.ts'
import type { Port } from '../parsers/event.ts'
import type { Network } from '../parsers/network.ts'
import type { Micros } from '../parsers/time.ts'
import type { EventKey } from './key.ts'
import type { Spend } from './spent.ts'

/** A port to be knocked on. */
export interface PortStep {
  readonly kind: 'port'
  readonly proto: 'tcp' | 'udp'
  readonly port: Port
}

/** A request to be made; method and path exactly as the client sends them. */
export interface RequestStep {
  readonly kind: 'request'
  readonly method: string
  readonly path: string
}

/** Any port of a range: which one, the sequence's proof must say. */
export interface RangeStep {
  readonly kind: 'range'
  readonly proto: 'tcp' | 'udp'
  readonly from: Port
  readonly count: number
}

/** A request for what lies directly below a path, or for the path with a query: what stands there, the sequence's proof must say. */
export interface TokenStep {
  readonly kind: 'token'
  readonly path: string
}

/** A step that says all of what must be knocked. */
export type FixedStep = PortStep | RequestStep

/** One element of a sequence. */
export type Step = FixedStep | RangeStep | TokenStep

/**
 * What knocks prove where their steps leave open what must be knocked. proved: that `user` has a secret, by what is used up with it;
 * spent: the same, but it was used up before.
 */
type Verdict =
  | { readonly kind: 'proved'; readonly user: string; readonly spend: Spend }
  | { readonly kind: 'spent'; readonly user: string }
  | { readonly kind: 'wrong' }

/** `keys`: what was knocked, in the order of the steps; `time`: of the last knock. */
export type Proof = (keys: readonly EventKey[], address: Address, time: Micros) => Verdict

/** Steps that open a rule's door. A rule may have several valid ones at a time. */
export interface Sequence {
  /** Unique within its rule. */
  readonly id: string
  readonly user: string | undefined
  /** What a match of it uses up. */
  readonly spend?: Spend
  /** At least one. */
  readonly steps: readonly Step[]
  /** Undefined: the steps are all that is asked for. */
  readonly proof?: Proof
}

/** Sequences that are drawn for one address alone, from the ports of a range. */
interface Drawn {
  readonly range: RangeStep
  /** How many ports each has. */
  readonly knocks: number
  readonly sequencesFor: (address: Address, time: Micros) => readonly Sequence[]
}

/** Flags that a TCP knock must have and must not have: bits of `TcpFlags`. */
export interface FlagTest {
  readonly set: number
  readonly clear: number
}

/** Which events may knock at all. Undefined: any. */
export interface Limits {
  readonly target: readonly Network[] | undefined
  /** This host's own addresses, to which a packet must be sent where no target is given. Says nothing of requests: they came in. */
  readonly own?: Pick<Network, 'contains'> | undefined
  readonly interfaces: readonly string[] | undefined
  readonly from: readonly Network[] | undefined
  /** HTTP or Gemini status codes. */
  readonly status: readonly number[] | undefined
  /** HTTP methods. Where there are any, a Gemini request counts only with input: what a link or a preview asks for has none. */
  readonly methods: readonly string[] | undefined
  /** Also packets that pass through this host. */
  readonly forwarded: boolean
}

/** A rule as the matcher sees it: what must be knocked, not what it opens. */
export interface Rule {
  readonly name: string
  /** The sequences that are valid then. The same array as long as nothing changed. */
  readonly sequencesAt: (time: Micros) => readonly Sequence[]
  /** Those that are valid for one address alone. */
  readonly drawn?: Drawn | undefined
  /** The whole sequence must take less than this. */
  readonly seqTimeout: Micros
  /** How far knocks may be swapped; 0: strict; `any`: order does not matter. */
  readonly reorder: Micros | 'any'
  /** How many other ports may be touched between the first and the last knock. */
  readonly otherPorts: number
  /** The knocks may be any of an address's last so many events, with whatever else between them. Undefined: nothing but repeats and `otherPorts` may come between. */
  readonly window?: number | undefined
  readonly flags: FlagTest
  readonly limits: Limits
  /** Whether a match proves that somebody has a secret of his own: lock-outs, traps and scan marks never touch such a rule. */
  readonly secret: boolean
  /** Called when a match uses something up, before the next event is read. */
  readonly onSpend?: (spend: Spend) => void
}

/** One spelling a step, for logs and for comparing steps: `7000/tcp`, `GET /path`, `20000-29999/tcp`. */
export function stepKey(step: Step): string {
  switch (step.kind) {
    case 'port': return `${step.port}/${step.proto}`
    case 'request': return `${step.method} ${step.path}`
    case 'range': return `${step.from}-${step.from + step.count - 1}/${step.proto}`
    case 'token': return `${step.path}/...`
  }
}
