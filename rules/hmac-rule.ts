import type { Address } from '../parsers/address.ts'
import type { Micros } from '../parsers/time.ts'
import { hmacPorts, type Draw } from './derive/hmac-ports.ts'
import type { Binding } from './derive/mac.ts'
import { timeStepAt, timeStepsAround } from './derive/time-step.ts'
import { Recent } from './recent.ts'
import type { PortStep, RangeStep, Rule, Sequence } from './rule.ts'
import { spendOf, STEPS_KEPT, type SecretUser } from './secret-user.ts'
import type { Spent } from './spent.ts'

/** From what ports are drawn, and what they are bound to. */
export interface HmacForm extends Draw, Pick<Binding, 'hostId' | 'rule'> {
  readonly proto: PortStep['proto']
  readonly bindAddress: boolean
}

/** So many addresses' sequences are kept: those of more are drawn again. */
const ADDRESSES_KEPT = 1024

const NONE: readonly Sequence[] = []

/** A rule that is opened by ports that only a user can know, and only now. */
export function hmacRule(users: readonly SecretUser[], form: HmacForm, spent: Spent): Pick<Rule, 'sequencesAt' | 'drawn' | 'onSpend'> {
  const onSpend: Rule['onSpend'] = (spend) => spent.add(spend)
  if (!form.bindAddress) {
    const drawing = new Drawing(users, form, spent, undefined)
    return { sequencesAt: (time) => drawing.at(time), onSpend }
  }
  const drawings = new Recent(ADDRESSES_KEPT, (address: Address) => new Drawing(users, form, spent, address))
  const drawn = { range: hmacRange(form), knocks: form.knocks, sequencesFor: (address: Address, time: Micros) => drawings.get(address).at(time) }
  return { sequencesAt: () => NONE, drawn, onSpend }
}

export function hmacRange({ low, high, proto }: HmacForm): RangeStep {
  return { kind: 'range', proto, from: low, count: high - low + 1 }
}

/** The sequences of all users, for all addresses or for one. */
class Drawing {
  readonly #spent: Spent
  /** Kept for longer than they are asked for: attempts hold on to them. */
  readonly #ofStep: Recent<number, readonly Sequence[]>
  #valid: Recent<number, readonly Sequence[]>
  #version: number

  constructor(users: readonly SecretUser[], form: HmacForm, spent: Spent, address: Address | undefined) {
    this.#spent = spent
    this.#ofStep = new Recent(STEPS_KEPT, (timeStep) => users.map((user) => draw(user, timeStep, form, address)))
    this.#valid = this.#unspent()
    this.#version = spent.version
  }

  /** The same array as long as nothing changed. */
  at(time: Micros): readonly Sequence[] {
    if (this.#version !== this.#spent.version) this.#valid = this.#unspent()
    this.#version = this.#spent.version
    return this.#valid.get(timeStepAt(time))
  }

  #unspent(): Recent<number, readonly Sequence[]> {
    const isGood = ({ spend }: Sequence): boolean => spend !== undefined && !this.#spent.has(spend)
    return new Recent(STEPS_KEPT, (timeStep) => timeStepsAround(timeStep).flatMap((step) => this.#ofStep.get(step)).filter(isGood))
  }
}

function draw(user: SecretUser, timeStep: number, form: HmacForm, address: Address | undefined): Sequence {
  const { hostId, rule, proto } = form
  const ports = hmacPorts(user.secret, { hostId, rule, user: user.name, timeStep, address }, form)
  const steps = ports.map((port): PortStep => ({ kind: 'port', proto, port }))
  return { id: `${user.name} ${timeStep}`, user: user.name, spend: spendOf(user, timeStep), steps }
}
