import { formatTime, forPeople, SECOND, type Micros } from '../../parsers/time.ts'
import type { Beyond } from '../../rules/knock.ts'
import type { LookAtStep } from '../../rules/look.ts'
import type { Config } from '../config/config.ts'
import { happeningRecord } from '../happening.ts'
import { printable } from '../printable.ts'
import { happeningText } from '../story.ts'
import type { TraceEntry } from './trace.ts'

/** After so long a pause the timeline is broken, and the time is told whole again. */
const PAUSE = (60 * SECOND) as Micros
const CLOCK_WIDTH = '2026-07-04 12:00:02.010Z'.length

/** The story as a timeline: each line with the time since the one before. */
export class Timeline {
  readonly #config: Config
  readonly #namesSource: boolean
  #last: Micros | undefined

  /** `namesSource`: where there are several. */
  constructor(config: Config, namesSource: boolean) {
    this.#config = config
    this.#namesSource = namesSource
  }

  lines(entry: TraceEntry): string[] {
    const clock = this.#clock(entry.time)
    if (entry.kind === 'happening') return [`${clock}  => ${this.#where(entry)}${happeningText(entry.happening, this.#config)}`]
    if (entry.kind === 'forgotten') return [`${clock}  => forgotten: more have knocked than max_attempts = ${this.#config.maxAttempts} allows to be remembered`]
    const { look, what, source } = entry
    const told = look.kind === 'knock' ? look.steps.map(stepText) : [OTHERWISE[look.kind]]
    const [first, ...more] = told
    return [`${clock}  ${printable(what).padEnd(12)}  ${first}${this.#namesSource ? `  (${printable(source)})` : ''}`, ...more.map((text) => `${' '.repeat(CLOCK_WIDTH + 16)}${text}`)]
  }

  #where({ happening: { rule, user } }: TraceEntry & { kind: 'happening' }): string {
    return rule === undefined ? '' : `${rule}${user === undefined ? '' : ` (${user})`}: `
  }

  #clock(time: Micros): string {
    const before = this.#last
    this.#last = time
    if (before === undefined || time - before > PAUSE || time < before) return forPeople(formatTime(time))
    return `+${((time - before) / SECOND).toFixed(3)} s`.padStart(CLOCK_WIDTH)
  }
}

const OTHERWISE = {
  aside: 'did not come in, or has no port: it counts for nothing',
  copy: 'a packet that was read before, sent or logged again (TCP: the same two ports within 65 s): it counts for nothing',
  other: 'no step of any rule: one of the other ports that other_ports allows',
} as const

/** Why an event beyond a limit is no knock. */
const BEYOND: Readonly<Record<Beyond | 'deaf', string>> = {
  from: 'its address is not in from',
  forwarded: 'it only passed through this host, and forwarded = no',
  tcpflags: 'its flags are not those of tcpflags',
  interface: 'it did not come by one of the interfaces',
  target: 'it was not sent to a target',
  answer: 'the server could not read the request',
  method: 'it was not made by a method of the rule',
  status: 'it was not answered with a status of the rule',
  deaf: 'the rule was deaf to the address then, or had been matched by it after that time',
}

function stepText({ rule, user, step, steps, passedOver, attempt }: LookAtStep): string {
  const whose = user === undefined ? rule : `${rule} (${user})`
  const where = `step ${step} of ${steps} of ${whose}`
  if (passedOver !== undefined) return `${where}, but no knock: ${BEYOND[passedOver]}`
  return attempt === undefined ? where : `${where}: ${attempt.taken} taken, step ${attempt.next} is next`
}

/** The same for programs. */
export function entryRecord(entry: TraceEntry): Record<string, unknown> {
  if (entry.kind === 'happening') return happeningRecord(entry.happening)
  if (entry.kind === 'forgotten') return { event: 'forgotten', time: formatTime(entry.time) }
  const { time, source, what, look } = entry
  return { event: 'seen', time: formatTime(time), source, what, as: look.kind, ...(look.kind === 'knock' && { steps: look.steps }) }
}
