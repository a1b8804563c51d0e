import { describe, expect, it } from 'vitest'
import { parseAddress, type Address } from '../parsers/address.ts'
import type { ConnectionEvent, Port } from '../parsers/event.ts'
import { SECOND, type Micros } from '../parsers/time.ts'
import { hmacPorts } from '../rules/derive/hmac-ports.ts'
import { tokenOf } from '../rules/derive/mac.ts'
import { parseSecret } from '../rules/derive/secret.ts'
import { totpPorts } from '../rules/derive/totp.ts'
import { verdictOf } from '../rules/secret-user.ts'
import { Spent } from '../rules/spent.ts'
import { Replay } from '../src/replay.ts'
import { config, problems, warnings } from './support/config.ts'
import { A, B, event } from './support/history.ts'

const ALICE = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const BOB = 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U'
const FILES: Readonly<Record<string, string>> = { alice: `${ALICE}\n`, bob: BOB.toLowerCase(), short: 'GEZDGNBVGY3TQOJQ', tiny: 'GEZDGNBV', none: 'not a secret, 1', both: `${ALICE}\n${BOB}\n`, list: '1001, 2002, 3003, 4004\n5005, 6006, 7007, 8008\n' }
const readFile = (path: string): string => FILES[path.split('/').at(-1)!] ?? expect.fail(`no file ${path}`)

const HEAD = '[knocktail]\nfirewall = null\nhost_id = gate\n[user alice]\nsecret = alice\n[user bob]\nsecret = bob\n'
const rule = (keys: string, head = HEAD): string => `${head}[ssh]\n${keys}\nports = 22/tcp\n`

/** The middle of time step 58,000,000. */
const STEP = 58_000_000
const NOW_MS = (STEP * 30 + 15) * 1000
const form = { digits: 8, bases: [20_000, 40_000] as Port[] } as const
const codeOf = (secret: string, timeStep: number): number[] => [7412, 31_877, ...totpPorts(parseSecret(secret)!, timeStep, form)]

interface Try { readonly ports: readonly number[]; readonly atMs?: number; readonly src?: Address; readonly gapMs?: number }

function knocked({ ports, atMs = NOW_MS, src = A, gapMs = 300 }: Try): ConnectionEvent[] {
  return ports.map((port, index) => event(atMs + index * gapMs, { port, src }))
}

/** What is told of tries made one after the other. */
function told(text: string, ...tries: readonly (readonly ConnectionEvent[])[]): string[] {
  const replay = new Replay(config(text, readFile))
  return tries.flat().flatMap((next) => replay.read(next)).filter(({ event: what }) => what !== 'close').map((happening) => {
    const { event: what, user, address } = happening
    return [what, user, address === A ? undefined : address, 'why' in happening ? happening.why : undefined].filter((word) => word !== undefined).join(' ')
  })
}

describe('a code', () => {
  const totp = rule('sequence = 7412, 31877, totp\nusers = alice, bob')

  it.each([[-2, []], [-1, ['open alice']], [0, ['open alice']], [1, ['open alice']], [2, []]])('of %d time steps from now', (drift, expected) => {
    const heard = told(totp, knocked({ ports: codeOf(ALICE, STEP + drift) }))
    expect(heard).toEqual(expected.length > 0 ? expected : ['failure'])
  })

  it('is judged by stamps that count from the start of a machine, too', () => {
    expect(told(totp, knocked({ ports: codeOf(ALICE, 0), atMs: 5000 }))).toEqual(['open alice'])
  })

  it('names the user whose it is', () => {
    expect(told(totp, knocked({ ports: codeOf(BOB, STEP) }), knocked({ ports: codeOf(ALICE, STEP), src: B, atMs: NOW_MS + 2000 }))).toEqual(['open bob', `open alice ${B}`])
  })

  it.each([['the same address', A], ['another address', B], ['the other family', parseAddress('2001:db8::9')!]])('is good once: not again from %s', (_, src) => {
    const again = told(totp, knocked({ ports: codeOf(ALICE, STEP) }), knocked({ ports: codeOf(ALICE, STEP), src, atMs: NOW_MS + 2000 }))
    expect(again).toEqual(['open alice', `failure alice${src === A ? '' : ` ${src}`} spent`])
  })

  it('is worth nothing after a later one was used, and the next one still opens', () => {
    const tries = [STEP, STEP - 1, STEP + 1].map((timeStep, index) => knocked({ ports: codeOf(ALICE, timeStep), src: B, atMs: NOW_MS + index * 3000 }))
    expect(told(totp, ...tries)).toEqual([`open alice ${B}`, `failure alice ${B} spent`, `extend alice ${B}`])
  })

  it('may have its ports swapped, since each says where it belongs', () => {
    const [one, two, first, second] = codeOf(ALICE, STEP)
    expect(told(totp, knocked({ ports: [two!, one!, second!, first!], gapMs: 50 }))).toEqual(['open alice'])
  })

  it('with a wrong group is a failure, and its prefix must be knocked again', () => {
    const [one, two, first, second] = codeOf(ALICE, STEP)
    const wrong = second === 40_000 ? 40_001 : 40_000
    const rest = [knocked({ ports: [second!], atMs: NOW_MS + 1500 }), knocked({ ports: [first!, second!], atMs: NOW_MS + 2000 })]
    expect(told(totp, knocked({ ports: [one!, two!, first!, wrong] }), ...rest)).not.toContain('open alice')
    expect(told(totp, knocked({ ports: [one!, two!, first!, wrong] }), knocked({ ports: [one!, two!, first!, second!], atMs: NOW_MS + 2000 }))).toEqual(['failure', 'open alice'])
  })

  it('that is wrong is told without a port of it: it may be one of tomorrow\'s clock, good in a moment', () => {
    const replay = new Replay(config(totp, readFile))
    const tries = [[7412, 31_877, 20_000, 20_001], codeOf(ALICE, STEP + 2)].map((ports, index) => knocked({ ports, atMs: NOW_MS + index * 5000 }))
    const failures = tries.flat().flatMap((next) => replay.read(next))
    expect(failures).toMatchObject([{ event: 'failure', step: 4, expected: '40000-49999/tcp' }, { event: 'failure', step: 3, expected: '20000-29999/tcp' }])
    for (const failure of failures) expect(failure).not.toHaveProperty('got')
  })

  it('is not guessed by who sweeps its ranges and does not know what goes before it', () => {
    const sweep = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 20_000 : 40_000) + index)
    expect(told(`${totp}other_ports = 1024\n`.replace('[knocktail]', '[knocktail]\nscan_ports = 0'), knocked({ ports: sweep, gapMs: 1 }))).toEqual([])
  })

  it('that two users have at the same time is used up for both, and one of two time steps for both', () => {
    const users = ['alice', 'bob'].map((name) => ({ name, secret: parseSecret(name === 'alice' ? ALICE : BOB)! }))
    const [spent, time] = [new Spent(), (NOW_MS * 1000) as Micros]
    const verdicts = [1, 2].map(() => {
      const verdict = verdictOf(users, time, spent, (_, timeStep) => timeStep <= STEP)
      if (verdict.kind === 'proved') spent.add(verdict.spend)
      return verdict
    })
    expect(verdicts).toMatchObject([{ kind: 'proved', user: 'alice', spend: { timeStep: STEP } }, { kind: 'spent' }])
    expect(verdictOf(users, time, spent, ({ name }) => name === 'bob')).toMatchObject({ kind: 'proved', user: 'bob', spend: { timeStep: STEP + 1 } })
  })
})

describe('drawn ports', () => {
  const hmac = rule('sequence = hmac\nusers = alice, bob')
  const draw = (secret: string, user: string, timeStep: number, address?: Address): number[] =>
    hmacPorts(parseSecret(secret)!, { hostId: 'gate', rule: 'ssh', user, timeStep, address }, { knocks: 5, low: 10_000 as Port, high: 59_999 as Port })

  it.each([[-2, []], [-1, ['open bob']], [0, ['open bob']], [1, ['open bob']], [2, []]])('of %d time steps from now', (drift, expected) => {
    expect(told(hmac, knocked({ ports: draw(BOB, 'bob', STEP + drift) }))).toEqual(expected)
  })

  it('are good once, wherever they come from', () => {
    const ports = draw(ALICE, 'alice', STEP)
    expect(told(hmac, knocked({ ports }), knocked({ ports, src: B, atMs: NOW_MS + 3000 }), knocked({ ports, atMs: NOW_MS + 6000 }))).toEqual(['open alice'])
  })

  it('are found among what strangers send in the same name, up to 64 events', () => {
    const ports = draw(ALICE, 'alice', STEP)
    const among = (strangers: number): number[] => ports.flatMap((port) => [...Array.from({ length: strangers }, (_, index) => 1000 + index + port % 900), port])
    expect(told(hmac, knocked({ ports: among(14), gapMs: 20 }))).toEqual(['open alice'])
    expect(told(hmac, knocked({ ports: among(15), gapMs: 20 }))).toEqual(['scan alice'])
  })

  it('are told of only when one knock was missing, and never one of them: nobody shall find them by trying and reading', () => {
    const replay = new Replay(config(hmac, readFile))
    const ports = draw(ALICE, 'alice', STEP)
    const late = [2, 3, 4].flatMap((count, index) => [...knocked({ ports: ports.slice(0, count), atMs: NOW_MS - 40_000 + index * 30_000 }), ...knocked({ ports: [9], atMs: NOW_MS - 12_000 + index * 30_000 })])
    const heard = late.flatMap((next) => replay.read(next))
    expect(heard).toMatchObject([{ event: 'timeout', user: 'alice', step: 5, expected: 'a secret step' }])
    expect(replay.pipeline.tally.rules.get('ssh')!.attempts).toBe(1)
    expect(JSON.stringify(heard)).not.toMatch(new RegExp(ports.join('|')))
  })

  it('in the wrong order open nothing, unless they were swapped on the way', () => {
    const [first, second, ...rest] = draw(ALICE, 'alice', STEP)
    expect(told(hmac, knocked({ ports: [second!, first!, ...rest], gapMs: 900 }))).toEqual([])
    expect(told(hmac, knocked({ ports: [second!, first!, ...rest], gapMs: 100 }))).toEqual(['open alice'])
  })

  it('bound to an address open for no other, among whatever else it sends', () => {
    const bound = rule('sequence = hmac\nusers = alice, bob\nbind_address = yes')
    const ports = draw(ALICE, 'alice', STEP, A)
    const noise = [1, 2, 3, 4, 5, 6, 7].map((port) => 30_000 + port)
    expect(told(bound, knocked({ ports }))).toEqual(['open alice'])
    expect(told(bound, knocked({ ports: ports.flatMap((port, index) => [noise[index]!, port]) }))).toEqual(['open alice'])
    expect(told(bound, knocked({ ports, src: B }))).toEqual([])
    expect(told(bound, knocked({ ports: draw(ALICE, 'alice', STEP) }))).toEqual([])
    expect(told(bound, knocked({ ports }), knocked({ ports, atMs: NOW_MS + 3000 }), knocked({ ports: draw(BOB, 'bob', STEP, A), atMs: NOW_MS + 6000 }))).toEqual(['open alice', 'open bob'])
  })

  it('for another rule, host or user open nothing', () => {
    const of = (binding: { hostId: string; rule: string; user: string }): number[] => hmacPorts(parseSecret(ALICE)!, { ...binding, timeStep: STEP }, { knocks: 5, low: 10_000 as Port, high: 59_999 as Port })
    const right = { hostId: 'gate', rule: 'ssh', user: 'alice' }
    const tried = [right, { ...right, hostId: 'gate2' }, { ...right, rule: 'web' }, { ...right, user: 'bob' }].map((binding) => told(hmac, knocked({ ports: of(binding) })))
    expect(tried).toEqual([['open alice'], [], [], []])
  })
})

describe('one-time sequences', () => {
  const lists = `${HEAD}[user carol]\none_time_sequences = list\n[ssh]\nsequence = one-time\nusers = carol\nreorder = 0\nports = 22/tcp\n`

  it('belong to their user, and may come among strangers\' packets where they are long enough', () => {
    expect(config(lists, readFile).rules[0]!.match.window).toBe(64)
    expect(told(lists, knocked({ ports: [1001, 9, 2002, 8, 7, 6, 3003, 5, 4, 4004] }), knocked({ ports: [1001, 2002, 3003, 4004], atMs: NOW_MS + 9000 }))).toEqual(['open carol'])
  })

  it('of three ports are too short for that', () => {
    const short = (path: string): string => (path.endsWith('list') ? '1001, 2002, 3003\n5005, 6006, 7007\n1,2,9\n4,5,6\n' : readFile(path))
    expect(config(lists, short).rules[0]!.match.window).toBeUndefined()
  })
})

describe('a token', () => {
  const token = rule('sequence = token\nusers = alice')
  const make = (timeStep: number, address?: Address): string => tokenOf(parseSecret(ALICE)!, { hostId: 'gate', rule: 'ssh', user: 'alice', timeStep, address })
  const request = (method: string, path: string, parts: { proto?: 'http' | 'gemini'; src?: Address; atMs?: number } = {}): ConnectionEvent => ({
    kind: 'request', proto: parts.proto ?? 'http', src: parts.src ?? A, method, path, status: 404, time: ((parts.atMs ?? NOW_MS) * 1000) as Micros, resolution: SECOND, source: 'web',
  })

  it.each([
    ['POST', `/knock/${make(STEP)}`, 'http', 'open alice'],
    ['POST', `/knock?${make(STEP + 1)}`, 'http', 'open alice'],
    ['GET', `/knock/${make(STEP)}`, 'http', undefined],
    ['GET', `/knock?${make(STEP)}`, 'gemini', 'open alice'],
    ['GET', `/knock/${make(STEP)}`, 'gemini', undefined],
    ['POST', `/knock/${make(STEP - 2)}`, 'http', 'failure'],
    ['POST', `/knock/${make(STEP).toUpperCase()}`, 'http', 'failure'],
    ['POST', `/knock/${make(STEP)}/`, 'http', 'failure'],
    ['POST', '/knock/', 'http', 'failure'],
    ['POST', '/knocker', 'http', undefined],
  ] as const)('%s %s over %s: %s', (method, path, proto, expected) => {
    expect(told(token, [request(method, path, { proto })])).toEqual(expected === undefined ? [] : [expected])
  })

  it('is good once, and for its address only where that is wanted', () => {
    const path = `/knock/${make(STEP)}`
    expect(told(token, [request('POST', path), request('POST', path, { src: B, atMs: NOW_MS + 1000 })])).toEqual(['open alice', `failure alice ${B} spent`])
    const bound = rule('sequence = token\nusers = alice\nbind_address = yes')
    expect(told(bound, [request('POST', `/knock/${make(STEP, A)}`, { src: B }), request('POST', `/knock/${make(STEP, A)}`)])).toEqual([`failure ${B}`, 'open alice'])
  })

  it('may be asked for by another method and at another place', () => {
    const other = rule('sequence = token\nusers = alice\ntoken_path = /a/b\nmethod = PUT, GET')
    expect(told(other, [request('GET', `/a/b/${make(STEP)}`)])).toEqual(['open alice'])
    expect(told(other, [request('PUT', `/a/b/${make(STEP)}`)])).toEqual(['open alice'])
    expect(told(other, [request('POST', `/a/b/${make(STEP)}`)])).toEqual([])
  })

  it('of a pass phrase is a path that stays', () => {
    const hash = 'a'.repeat(64)
    expect(told(rule(`passphrase_sha256 = ${hash}`), [request('GET', `/${hash}`), request('POST', `/${hash}`, { atMs: NOW_MS + 1000 })])).toEqual(['open'])
  })
})

describe('a configuration with secrets', () => {
  it.each([
    ['sequence = 7412, 31877, totp', 'rule ssh has no users'],
    ['sequence = 7412, 31877, totp\nusers = carol', 'there is no [user carol]'],
    ['sequence = totp\nusers = alice', 'is guessed within 0.00011 years on average, and a secret should last for ten: put fixed ports before totp'],
    ['sequence = 7412, totp\nusers = alice', 'put fixed ports before totp'],
    ['sequence = hmac\nusers = alice\nknocks = 3', 'is guessed within'],
    ['sequence = hmac\nusers = alice\nknocks = 16\nport_range = 10000-10039', 'is guessed within'],
    ['sequence = hmac\nusers = alice\nknocks = 2', 'set more knocks or a wider port_range'],
    ['sequence = 7000, hmac\nusers = alice', 'hmac stands alone'],
    ['sequence = 7412, 31877, totp\nusers = alice\nbases = 20000, 25000', 'overlap'],
    ['sequence = 7412, 31877, totp\nusers = alice\nbases = 20000, 60000', 'is too high'],
    ['sequence = 7412, 20001, totp\nusers = alice', 'port 20001 of the sequence lies in a range of the code'],
    ['sequence = 7412, 31877, totp\nusers = alice, alice', '"alice" is named twice'],
    ['sequence = 7412, 31877, 5\nusers = alice', 'means nothing for a sequence that is static'],
    ['sequence = hmac\nusers = alice\nbases = 1, 2', 'bases: means nothing for a sequence that is hmac'],
    ['sequence = one-time\nusers = alice', '"alice" has no one_time_sequences'],
    ['one_time_sequences = list\nusers = alice', 'users: are not asked for by a list that is everybody\'s'],
    ['sequence = GET /x7\nmethod = POST', 'method: means nothing beside sequence: write it before the path there'],
    ['passphrase_sha256 = ' + 'a'.repeat(64) + '\nmethod = PUT, GET', 'method: must be one for passphrase_sha256'],
    ['passphrase_sha256 = abc', 'is no SHA-256'],
    ['passphrase_sha256 = ' + 'a'.repeat(64) + '\nsequence = 1, 2, 3', 'has both sequence and passphrase_sha256'],
  ])('%s: %s', (keys, expected) => {
    expect(problems(rule(keys), readFile).join('\n')).toContain(expected)
  })

  it.each([
    ['short', 'hmac', 'is too short for hmac: it needs 128 bits, which are 26 characters of base32'],
    ['tiny', '7412, 31877, totp', 'is too short for totp'],
    ['none', 'hmac', 'holds no secret'],
    ['both', 'hmac', 'holds no secret: write it in base32 (A to Z, 2 to 7), on one line'],
  ])('with the secret %s for %s is refused, without a character of it', (file, sequence, expected) => {
    const found = problems(rule(`sequence = ${sequence}\nusers = eve`, `${HEAD}[user eve]\nsecret = ${file}\n`), readFile).join('\n')
    expect(found).toContain(expected)
    expect(found).not.toContain(FILES[file])
  })

  it('with a secret where the path of its file should stand is refused, without a character of it', () => {
    const found = problems(rule('sequence = hmac\nusers = eve', `${HEAD}[user eve]\nsecret = ${ALICE}\n`), readFile).join('\n')
    expect(found).toContain('secret: is the path of a file, and this looks like the secret itself')
    expect(found).not.toContain(ALICE)
  })

  const two = (first: string, second: string, head = HEAD): string => problems(`${head}[one]\n${first}\nports = 22/tcp\n[two]\n${second}\nports = 22/tcp\n`, readFile).join('\n')

  it('must not use the secret of a code in two places', () => {
    expect(two('sequence = 7412, 31877, totp\nusers = alice', 'sequence = 7413, 31878, totp\nusers = alice')).toContain('user alice in rule one and user alice in rule two have the same secret: one that totp uses must be used nowhere else')
    expect(two('sequence = 7412, 31877, totp\nusers = alice', 'sequence = hmac\nusers = alice\nport_range = 50000-65000')).toContain('have the same secret')
    expect(two('sequence = hmac\nusers = alice', 'sequence = token\nusers = alice')).toBe('')
    expect(two('sequence = hmac\nusers = alice', 'sequence = token\nusers = eve', `${HEAD}[user eve]\nsecret = alice\n`)).toContain('each user needs one of his own')
  })

  it('must not draw ports where every port is a guess, if they are too few to be found among many', () => {
    const code = 'sequence = 7412, 31877, totp\nusers = alice'
    expect(two(code, 'sequence = hmac\nusers = bob')).toBe('')
    expect(two(code, 'sequence = hmac\nusers = bob\nknocks = 4')).toContain('rule two: its port_range holds 20000-29999/tcp, where every port is a guess for rule one, and it is too short for that')
    expect(two(code, 'sequence = hmac\nusers = bob\nknocks = 4\nproto = udp')).toBe('')
  })

  it('must not have a fixed port where every port is a guess, nor two rules\' tokens in one place', () => {
    expect(two('sequence = 7412, 31877, totp\nusers = alice', 'sequence = 1000, 20005, 3')).toContain('port 20005/tcp lies among 20000-29999/tcp')
    expect(two('sequence = token\nusers = alice', 'sequence = token\nusers = bob')).toContain('have tokens below the same path, "/knock"')
  })

  it('must not have one sequence in two lists, where each would let it be used once; a knockd.conf may', () => {
    const other = (path: string): string => (path.endsWith('copy') ? '# mine\n5005, 6006, 7007, 8008\n' : readFile(path))
    const text = (copy: string): string => `${HEAD}[user carol]\none_time_sequences = list\n[user dave]\none_time_sequences = ${copy}\n[ssh]\nsequence = one-time\nusers = carol, dave\nreorder = 0\nports = 22/tcp\n`
    expect(problems(text('copy'), other).join()).toMatch(/a sequence of "[^"]*copy" stands in "[^"]*list" too: used there, it could be used again here/)
    const knockd = '[a]\none_time_sequences = list\nstart_command = x\n[b]\none_time_sequences = copy\nstart_command = y\n'
    expect(warnings(knockd, other).join()).toContain('too: used there')
  })

  it('may have a rule of one name beside it with no secret at all', () => {
    expect(warnings(rule('sequence = hmac\nusers = alice'), readFile)).toEqual([])
  })
})
