import type { Network } from '../parsers/network.ts'
import type { Port } from '../parsers/event.ts'
import type { Micros } from '../parsers/time.ts'
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

/** One element of a sequence. */
export type Step = PortStep | RequestStep

/** Steps that open a rule's door. A rule may have several valid ones at a time. */
export interface Sequence {
  /** Unique within its rule. */
  readonly id: string
  readonly user: string | undefined
  /** What a match of it uses up. */
  readonly spend?: Spend
  /** At least one. */
  readonly steps: readonly Step[]
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
  /** Also packets that pass through this host. */
  readonly forwarded: boolean
}

/** A rule as the matcher sees it: what must be knocked, not what it opens. */
export interface Rule {
  readonly name: string
  /** The sequences that are valid then. The same array as long as nothing changed. */
  readonly sequencesAt: (time: Micros) => readonly Sequence[]
  /** The whole sequence must take less than this. */
  readonly seqTimeout: Micros
  /** How far knocks may be swapped; 0: strict; `any`: order does not matter. */
  readonly reorder: Micros | 'any'
  /** How many other ports may be touched between the first and the last knock. */
  readonly otherPorts: number
  readonly flags: FlagTest
  readonly limits: Limits
  /** Whether a match proves that somebody has a secret of his own: lock-outs, traps and scan marks never touch such a rule. */
  readonly secret: boolean
  /** Called when one of its sequences was matched, before the next event is read. */
  readonly onMatch?: (sequence: Sequence) => void
}

/** One spelling a step, for logs and for comparing steps: `7000/tcp`, `GET /path`. */
export function stepKey(step: Step): string {
  return step.kind === 'port' ? `${step.port}/${step.proto}` : `${step.method} ${step.path}`
}
