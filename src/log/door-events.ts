import type { DoorEvent } from '../doors/door-event.ts'
import type { Target } from '../firewalls/target.ts'
import type { LogEvent } from './event.ts'

type Of<K extends DoorEvent['kind']> = Extract<DoorEvent, { kind: K }>
type Told = Pick<LogEvent, 'level' | 'event' | 'text'> & { readonly facts?: LogEvent['facts'] }

/** How what firewalls answer is told. */
const TOLD: { readonly [K in DoorEvent['kind']]: (event: Of<K>, place: string) => Told } = {
  opened: ({ address, ms }, place) => ({ level: 'info', event: 'opened', text: `${place} is open for ${address}`, facts: { ms: rounded(ms) } }),
  renewed: ({ address, ms }, place) => ({ level: 'debug', event: 'renewed', text: `${place} stays open for ${address}`, facts: { ms: rounded(ms) } }),
  closed: ({ address, ms }, place) => ({ level: 'info', event: 'closed', text: `${place} is closed for ${address}`, facts: { ms: rounded(ms) } }),
  foreign: ({ address }, place) => ({
    level: 'warn', event: 'foreign', text: `${place} was open for ${address} before, by somebody else: nothing is changed there, and nothing will be closed`,
  }),
  unserved: ({ address, why }, place) => ({ level: 'error', event: 'unserved', text: `${place} cannot be opened for ${address}: ${why}` }),
  failed: ({ address, verb, why, retryMs }, place) => ({
    level: 'error', event: 'firewall-failed',
    text: `${place}: ${VERBS[verb]} for ${address} failed: ${why}; ${retryMs === undefined ? 'it is not tried again' : `again in ${retryMs / 1000} s`}`,
    facts: { verb, retryMs },
  }),
  vanished: ({ address }, place) => ({ level: 'warn', event: 'vanished', text: `${place} was closed for ${address} by somebody else: it is opened again` }),
  taken: ({ address }, place) => ({ level: 'warn', event: 'taken', text: `${place} is open for ${address} by somebody else's entry now: it is left to them` }),
  restored: ({ address }, place) => ({
    level: 'warn', event: 'restored',
    text: `${place} is open for ${address} by an entry of ours that the ledger knows nothing of (a saved ruleset was loaded, or the ledger was lost): it is closed`,
  }),
  stray: ({ address }, place) => ({ level: 'warn', event: 'stray', text: `${place} is open for ${address}, and the ledger knows nothing of it: it is left alone` }),
}

const VERBS = { add: 'opening', renew: 'keeping it open', remove: 'closing', kill: 'ending connections' } as const

export function doorLogEvent(event: DoorEvent): LogEvent {
  const { target, address } = event
  const { facts, ...told } = (TOLD[event.kind] as (event: DoorEvent, place: string) => Told)(event, placeText(target))
  return { ...told, facts: { firewall: target.firewall, place: placeText(target), rule: target.rule, address, ...facts } }
}

/** `nftables inet filter knock4, ...`, `ufw 22/tcp`, `command office-pc`. */
function placeText({ firewall, settings, port, rule }: Target): string {
  const what = port ? `${port.port}/${port.proto}` : (rule ?? Object.values(settings).map((words) => words.join(' ')).join(', '))
  return what === '' ? firewall : `${firewall} ${what}`
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
