import type { Address } from '../../parsers/address.ts'
import type { Port } from '../../parsers/event.ts'
import type { Micros } from '../../parsers/time.ts'
import { hmacPorts } from '../../rules/derive/hmac-ports.ts'
import { tokenOf, type Binding } from '../../rules/derive/mac.ts'
import { parseSecret, SECRET_BYTES, TOTP_SECRET_BYTES, type Secret } from '../../rules/derive/secret.ts'
import { timeStepAt } from '../../rules/derive/time-step.ts'
import { totpPorts } from '../../rules/derive/totp.ts'
import type { RequestStep, FixedStep } from '../../rules/rule.ts'
import { KnocktailError } from '../error.ts'
import { printable } from '../printable.ts'
import { nextOf, takeNext } from './one-time-list.ts'
import type { Origin, Recipe } from './profile.ts'
import { readOwnFile } from './secret-file.ts'

/** What is knocked now. */
export interface MadeSequence {
  readonly steps: readonly FixedStep[]
  /** Of what was made for a time step: which one. */
  readonly timeStep?: number
  /** Of a one-time list: how many unused sequences are left. */
  readonly left?: number
}

export interface Maker {
  /** What would be knocked; uses nothing up. */
  readonly peek: () => MadeSequence
  /** What is knocked; never the same again, if it is good only once. */
  readonly take: () => Promise<MadeSequence>
}

/** What a sequence may depend on besides its recipe. */
export interface Circumstances {
  /** Our own address, as the server sees it. */
  readonly address: Address
  readonly scheme: Origin['scheme']
  readonly now: () => Micros
}

const LEAST_BYTES = { totp: TOTP_SECRET_BYTES, hmac: SECRET_BYTES, token: SECRET_BYTES } as const

/** Reads what the recipe needs of files. Throws a KnocktailError. */
export function openRecipe(recipe: Recipe, circumstances: Circumstances): Maker {
  if (recipe.kind === 'static') return { peek: () => recipe, take: async () => recipe }
  if (recipe.kind === 'one-time') return { peek: () => nextOf(recipe.list), take: () => takeNext(recipe.list) }
  const secret = readSecret(recipe.secretFile, LEAST_BYTES[recipe.kind])
  return timed((timeStep) => stepsOf(recipe, secret, timeStep, circumstances), circumstances.now)
}

type Timed = Exclude<Recipe, { kind: 'static' | 'one-time' }>

/** A second one is made for the next time step, which the server's tolerance for clocks lets in: what the first was made for may be spent. */
function timed(make: (timeStep: number) => readonly FixedStep[], now: () => Micros): Maker {
  let last = -1
  const peek = (): MadeSequence & { timeStep: number } => {
    const timeStep = Math.max(timeStepAt(now()), last + 1)
    return { steps: make(timeStep), timeStep }
  }
  return {
    peek,
    take: async () => {
      const made = peek()
      last = made.timeStep
      return made
    },
  }
}

function stepsOf(recipe: Timed, secret: Secret, timeStep: number, circumstances: Circumstances): readonly FixedStep[] {
  switch (recipe.kind) {
    case 'totp':
      return [...recipe.form.prefix, ...portSteps(totpPorts(secret, timeStep, recipe.form), recipe.form.proto)]
    case 'hmac':
      return portSteps(hmacPorts(secret, bind(recipe, timeStep, circumstances), recipe.form), recipe.form.proto)
    case 'token':
      return [tokenStep(recipe.form.path, tokenOf(secret, bind(recipe, timeStep, circumstances)), circumstances.scheme)]
  }
}

function bind({ user, form: { hostId, rule, bindAddress } }: Extract<Timed, { user: string }>, timeStep: number, { address }: Circumstances): Binding {
  return { hostId, rule, user, timeStep, address: bindAddress ? address : undefined }
}

function portSteps(ports: readonly Port[], proto: 'tcp' | 'udp'): FixedStep[] {
  return ports.map((port) => ({ kind: 'port', proto, port }))
}

/** Gemini has no methods: what a user answers to a question comes as the query. */
function tokenStep(path: string, token: string, scheme: Origin['scheme']): RequestStep {
  return scheme === 'gemini' ? { kind: 'request', method: 'GET', path: `${path}?${token}` } : { kind: 'request', method: 'POST', path: `${path}/${token}` }
}

function readSecret(path: string, leastBytes: number): Secret {
  const secret = parseSecret(readOwnFile(path))
  if (secret === undefined) throw new KnocktailError('config', `${printable(path)} holds no secret: it must be base32 text (A to Z, 2 to 7) on one line`)
  if (secret.length >= leastBytes) return secret
  throw new KnocktailError('config', `${printable(path)} holds a secret of ${secret.length} bytes: at least ${leastBytes} are needed`)
}
