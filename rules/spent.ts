/**
 * What a match uses up for good. once: a sequence of a list, by a hash of both. time-step: a time step of a secret, by the secret's id,
 * and all that were before it. Neither tells anything of a secret that is still good.
 */
export type Spend =
  | { readonly kind: 'once'; readonly id: string }
  | { readonly kind: 'time-step'; readonly secret: string; readonly timeStep: number }

/** All that has been used up. Whoever keeps it must see to it that a match is in it, durably, before anything is opened. */
export class Spent {
  readonly #once = new Set<string>()
  readonly #timeSteps = new Map<string, number>()
  #presumed = Number.NEGATIVE_INFINITY
  #version = 0

  /** Another number whenever anything was used up. */
  get version(): number {
    return this.#version
  }

  has(spend: Spend): boolean {
    if (spend.kind === 'once') return this.#once.has(spend.id)
    return spend.timeStep <= (this.#timeSteps.get(spend.secret) ?? this.#presumed)
  }

  add(spend: Spend): void {
    if (spend.kind === 'once') this.#once.add(spend.id)
    else if (!this.has(spend)) this.#timeSteps.set(spend.secret, spend.timeStep)
    this.#version++
  }

  /** It is not known what was used up to that time step: of secrets of which nothing is known, it counts as used. */
  presume(timeStep: number): void {
    this.#presumed = timeStep
    this.#version++
  }

  /** What is known to be used up. */
  all(): Spend[] {
    return [
      ...[...this.#once].map((id): Spend => ({ kind: 'once', id })),
      ...[...this.#timeSteps].map(([secret, timeStep]): Spend => ({ kind: 'time-step', secret, timeStep })),
    ]
  }
}
