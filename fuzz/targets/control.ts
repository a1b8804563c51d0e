import { parseAddress } from '../../parsers/address.ts'
import type { Controlled } from '../../src/control/controlled.ts'
import { answer } from '../../src/control/protocol.ts'
import { DAY } from '../../parsers/time.ts'
import { decoded, require, type Target } from '../target.ts'

/** What the socket's answers are made of, and every call that changes something. */
class Recorder implements Controlled {
  readonly changes: string[] = []
  readonly status = (): ReturnType<Controlled['status']> => ({}) as ReturnType<Controlled['status']>
  readonly list = (): ReturnType<Controlled['list']> => ({}) as ReturnType<Controlled['list']>
  readonly story: Controlled['story'] = (address) => {
    require(parseAddress(address) === address, `tells of ${address}`)
    return {} as ReturnType<Controlled['story']>
  }
  readonly open: Controlled['open'] = ({ address, rule, openFor }) => {
    require(parseAddress(address) === address && rule !== '', `opens for ${address} by ${rule}`)
    require(openFor === undefined || (Number.isSafeInteger(openFor) && openFor > 0 && openFor <= 366 * DAY), `opens for ${openFor} microseconds`)
    return this.#change('open')
  }
  readonly close: Controlled['close'] = (address, rule) => {
    require(parseAddress(address) === address && rule !== '', `closes ${address} by ${rule}`)
    return this.#change('close')
  }
  readonly closeAll: Controlled['closeAll'] = () => this.#change('close-all')
  readonly pause: Controlled['pause'] = () => this.#change('pause')
  readonly resume: Controlled['resume'] = () => this.#change('resume')
  readonly reload: Controlled['reload'] = () => this.#change('reload')
  readonly reconcile: Controlled['reconcile'] = () => this.#change('reconcile')

  #change(name: string): Promise<{ readonly ok: true; readonly text: string }> {
    this.changes.push(name)
    return Promise.resolve({ ok: true, text: name })
  }
}

/** Whatever is asked, one line of JSON is the answer, and who may only look changes nothing. */
async function run(bytes: string): Promise<string> {
  const ends = []
  for (const right of ['look', 'change'] as const) {
    const controlled = new Recorder()
    const line = await answer(decoded(bytes), right, controlled)
    require(/^[^\n\p{Cc}]*\n$/u.test(line), `answers ${JSON.stringify(line)}`)
    const reply = JSON.parse(line) as { ok?: unknown; why?: unknown }
    require(reply.ok === true || (reply.ok === false && typeof reply.why === 'string' && reply.why !== ''), `answers ${line}`)
    require(controlled.changes.length <= (right === 'change' && reply.ok === true ? 1 : 0), `changes ${controlled.changes.join()} with the right to ${right}`)
    ends.push(`${String(reply.ok)} ${controlled.changes.join()}`)
  }
  return ends.join(' ')
}

const REQUESTS = [
  '{"verb":"status"}', '{"verb":"list"}', '{"verb":"open","address":"192.0.2.7","rule":"ssh","user":"alice","forMs":60000}', '{"verb":"close","address":"2001:db8::7","rule":"ssh"}',
  '{"verb":"close-all"}', '{"verb":"pause","rule":"ssh"}', '{"verb":"resume"}', '{"verb":"reload","force":true}', '{"verb":"reconcile"}', '{"verb":"__proto__"}', '[]',
]

export const controlTarget: Target = { name: 'control-request', seeds: () => REQUESTS, run }
