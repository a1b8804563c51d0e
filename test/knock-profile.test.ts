import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MILLISECOND, type Micros } from '../parsers/time.ts'
import { parseAddress } from '../parsers/address.ts'
import { openRecipe, type Circumstances } from '../src/client/made-sequence.ts'
import { nextOf, takeNext } from '../src/client/one-time-list.ts'
import type { Profile } from '../src/client/profile.ts'
import { loadProfiles, profilesPath, readProfiles } from '../src/client/profiles.ts'
import { alongRoute } from '../src/client/same-way.ts'
import { formatProblem, Report } from '../src/config/problem.ts'
import { stepKey } from '../rules/rule.ts'
import { useFolder } from './support/run.ts'
import { vectors } from './support/vectors.ts'

const folder = useFolder()
let files = 0

function secretFile(text: string, mode = 0o600): string {
  const path = folder.write(`secret-${files++}`, text)
  chmodSync(path, mode)
  return path
}

function read(text: string): { profiles: Profile[]; problems: string[] } {
  const report = new Report('p.conf')
  const profiles = readProfiles(text, '/home/alice/.config/knocktail', report)
  return { profiles, problems: report.errors.map(formatProblem) }
}

function profile(text: string): Profile {
  const { profiles, problems } = read(text)
  expect(problems).toEqual([])
  return profiles[0]!
}

const HMAC = 'sequence = hmac\nsecret = home.secret\nhost_id = gate.example.org\nrule = ssh\nuser = alice\n'

describe('a profile', () => {
  it('static: steps as in the daemon\'s rule', () => {
    const { name, host, recipe, delay, waitPort } = profile('[home]\nhost = gate.example.org\nsequence = 7000, 8000:udp, GET /a\ndelay = 200ms\nwait_port = 2222\n')
    expect({ name, host, delay, waitPort }).toEqual({ name: 'home', host: 'gate.example.org', delay: 200 * MILLISECOND, waitPort: 2222 })
    expect(recipe.kind === 'static' && recipe.steps.map(stepKey)).toEqual(['7000/tcp', '8000/udp', 'GET /a'])
  })

  it('hmac, with its defaults, and files beside the profiles', () => {
    expect(profile(`[home]\n${HMAC}`).recipe).toEqual({
      kind: 'hmac', secretFile: '/home/alice/.config/knocktail/home.secret', user: 'alice',
      form: { hostId: 'gate.example.org', rule: 'ssh', proto: 'tcp', bindAddress: false, knocks: 5, low: 10_000, high: 59_999 },
    })
  })

  it('totp after a static beginning', () => {
    const { recipe } = profile('[phone]\nsequence = 7412, 31877:udp, totp\nsecret = /s\nbases = 20000, 40000, 50000\nproto = udp\ndigits = 6\n')
    expect(recipe).toMatchObject({ kind: 'totp', secretFile: '/s', form: { proto: 'udp', digits: 6, bases: [20_000, 40_000, 50_000], prefix: [{ port: 7412 }, { port: 31_877 }] } })
  })

  it('token and one-time', () => {
    const token = profile(`[web]\n${HMAC.replace('hmac', 'token')}origin = gemini://[2001:db8::1]:1966\ncertificate = sha256:${'aB:'.repeat(32).slice(0, -1)}\naddress = 203.0.113.9\nbind_address = yes\n`)
    expect(token).toMatchObject({ address: '203.0.113.9', origin: { scheme: 'gemini', host: '2001:db8::1', port: 1966 }, trust: { kind: 'pinned', sha256: 'ab'.repeat(32) }, recipe: { user: 'alice', form: { path: '/knock', bindAddress: true } } })
    expect(profile('[l]\nsequence = one-time\none_time_sequences = l.list\n').recipe).toEqual({ kind: 'one-time', list: '/home/alice/.config/knocktail/l.list' })
  })

  it.each([
    ['https://gate.example.org', { scheme: 'https', host: 'gate.example.org', port: 443 }],
    ['https://gate.example.org:443/', { scheme: 'https', host: 'gate.example.org', port: 443 }],
    ['gemini://gate.example.org', { scheme: 'gemini', host: 'gate.example.org', port: 1965 }],
    ['gemini://gate.example.org:443', { scheme: 'gemini', host: 'gate.example.org', port: 443 }],
    ['http://192.0.2.1:8080', { scheme: 'http', host: '192.0.2.1', port: 8080 }],
  ])('origin %s', (text, origin) => {
    expect(profile(`[w]\nsequence = GET /a\norigin = ${text}\n`).origin).toEqual(origin)
  })

  it('what is wrong is told at once, with its line', () => {
    const { profiles, problems } = read(`[home]
sequence = hmac
secret = home.secret
bases = 20000
[phone]
sequence = totp
secret = s
bases = 60000, 40000
[l]
sequence = 7000, one-time
[n]
sequenc = 7000
[m]
host = gate
[knocktail]
[source x]
[7000]
sequence = 1
[hm]
${HMAC}port_range = 10-12
[o]
sequence = GET /a
origin = https://gate/path
certificate = sha1:00
[k]
sequence = totp
secret = s
bases = 1,2,3,4,5,6,7,8,9
`)
    expect(profiles).toEqual([])
    expect(problems.map((problem) => problem.replace(/^p\.conf:/, ''))).toEqual([
      '1: host_id: is missing: a sequence that is hmac needs what the daemon\'s configuration says',
      '1: rule: is missing: a sequence that is hmac needs what the daemon\'s configuration says',
      '1: user: is missing: a sequence that is hmac needs what the daemon\'s configuration says',
      '4: bases: means nothing for a sequence that is hmac: remove it',
      '8: bases: 60000 is too high: 10000 ports from there on end beyond 65535',
      '10: sequence: "7000, one-time": one-time stands alone, since it needs no fixed steps',
      '12: unknown key "sequenc" in [n]; did you mean "sequence"?',
      '13: [m] has no sequence: say what is knocked',
      '15: [knocktail] is no profile: write [NAME], a name of your own that is not a number',
      '16: [source x] is no profile: write [NAME], a name of your own that is not a number',
      '17: [7000] is no profile: write [NAME], a name of your own that is not a number',
      '25: port_range: has fewer ports than there are knocks, 5',
      '28: origin: "https://gate/path" is no origin: write https://HOST, http://HOST or gemini://HOST, with :PORT if it is another than usual',
      '29: certificate: "sha1:00" is none of authorities, any, and sha256: with the certificate\'s fingerprint in 64 hexadecimal digits',
      '33: bases: are 9, but a code has only 8 digits: set fewer',
    ])
  })
})

describe('samples/client/profiles.conf', () => {
  const text = readFileSync(new URL('../samples/client/profiles.conf', import.meta.url), 'utf8')

  it('is right, and shows each kind of sequence and every key', () => {
    const { profiles, problems } = read(text)
    expect(problems).toEqual([])
    expect(profiles.map(({ recipe }) => recipe.kind)).toEqual(['static', 'hmac', 'totp', 'token', 'one-time'])
    const known = /it takes (.*)$/.exec(read('[a]\nzzzzzzzzzzzzzz = 1\n').problems[0]!)![1]!.split(', ')
    expect([...new Set([...text.matchAll(/^(\w+) = /gm)].map(([, key]) => key!))].toSorted()).toEqual(known.toSorted())
  })

  it('says the defaults that hold', () => {
    // The values that the comments call defaults are those that are set there.
    const bare = (sequence: string): string => `[b]\nsequence = ${sequence}\nsecret = alice.secret\nhost_id = gate.example.org\nuser = alice\n`
    const [, hmac, , token] = read(text).profiles
    expect(profile(`${bare('hmac')}rule = ssh-by-client\nbind_address = yes\n`).recipe).toEqual(hmac!.recipe)
    expect(profile(`${bare('token')}rule = ssh-by-web\n`).recipe).toEqual(token!.recipe)
    expect(profile('[b]\nsequence = 7412, 31877, totp\nsecret = alice-phone.secret\n').recipe).toEqual(read(text).profiles[2]!.recipe)
  })
})

describe('where profiles are', () => {
  it('below XDG_CONFIG_HOME, if that is absolute', () => {
    expect(profilesPath({ XDG_CONFIG_HOME: '/x' })).toBe('/x/knocktail/profiles.conf')
    for (const env of [{}, { XDG_CONFIG_HOME: '' }, { XDG_CONFIG_HOME: 'relative' }]) expect(profilesPath(env)).toMatch(/^\/.*\/\.config\/knocktail\/profiles\.conf$/)
  })

  it('a file that others can write to is refused', () => {
    mkdirSync(join(folder.path, 'conf'))
    const path = folder.write('conf/profiles.conf', '[a]\nsequence = 1, 2\n')
    expect(loadProfiles(path).map(({ name }) => name)).toEqual(['a'])
    chmodSync(path, 0o666)
    expect(() => loadProfiles(path)).toThrow(/others may write to .*: chmod go-w/)
  })
})

function at(timeStep: number, address = '198.51.100.1', scheme: Circumstances['scheme'] = 'https'): Circumstances {
  return { address: parseAddress(address)!, scheme, now: () => (timeStep * 30_000_000 + 17) as Micros }
}

function ports(text: string, circumstances: Circumstances): number[] {
  return openRecipe(profile(text).recipe, circumstances).peek().steps.map((step) => (step.kind === 'port' ? step.port : 0))
}

describe('what is made of a secret', () => {
  it.each(vectors.hmac.filter(({ knocks }) => knocks <= 16))('hmac: step $timeStep for $user at $hostId $address', ({ secret, hostId, rule, user, timeStep, address, knocks, low, high, ports: expected }) => {
    const text = `[v]\nsequence = hmac\nsecret = ${secretFile(secret)}\nhost_id = ${hostId}\nrule = ${rule}\nuser = ${user}\nknocks = ${knocks}\nport_range = ${low}-${high}\nbind_address = ${address ? 'yes' : 'no'}\n`
    expect(ports(text, at(timeStep, address))).toEqual(expected)
  })

  it.each(vectors.totp)('totp: step $timeStep, $digits digits', ({ secret, timeStep, digits, bases, ports: expected }) => {
    expect(ports(`[v]\nsequence = totp\nsecret = ${secretFile(secret)}\ndigits = ${digits}\nbases = ${bases.join(', ')}\n`, at(timeStep))).toEqual(expected)
  })

  it.each(vectors.token)('token: step $timeStep for $user at $hostId $address', ({ secret, hostId, rule, user, timeStep, address, token }) => {
    const { recipe } = profile(`[v]\nsequence = token\nsecret = ${secretFile(secret)}\nhost_id = ${hostId}\nrule = ${rule}\nuser = ${user}\nbind_address = ${address ? 'yes' : 'no'}\n`)
    expect(openRecipe(recipe, at(timeStep, address)).peek().steps).toEqual([{ kind: 'request', method: 'POST', path: `/knock/${token}` }])
    expect(openRecipe(recipe, at(timeStep, address, 'gemini')).peek().steps).toEqual([{ kind: 'request', method: 'GET', path: `/knock?${token}` }])
  })

  it('a second knock is made for the next time step, a look for none', async () => {
    const maker = openRecipe(profile(`[v]\nsequence = totp\nsecret = ${secretFile('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')}\nbases = 1000\ndigits = 6\n`.replace('1000', '1000, 3000')).recipe, at(100))
    expect([maker.peek().timeStep, (await maker.take()).timeStep, maker.peek().timeStep, (await maker.take()).timeStep]).toEqual([100, 100, 101, 101])
  })

  it.each([
    ['readable for others', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 0o640, /can be read or written by others.*chmod 600/],
    ['no base32', 'not base 32: 0189', 0o600, /holds no secret: it must be base32/],
    ['short', 'GEZDGNBVGY3TQOJQ', 0o600, /holds a secret of 10 bytes: at least 16/],
    ['empty', '', 0o600, /holds no secret/],
  ])('a secret that is %s is refused, and not shown', (_, text, mode, message) => {
    const path = secretFile(text, mode)
    const open = (): unknown => openRecipe(profile(`[v]\n${HMAC.replace('home.secret', path)}`).recipe, at(1))
    expect(open).toThrow(message)
    if (text !== '') expect(open).not.toThrow(text)
  })

  it('a secret that is not there', () => {
    expect(() => openRecipe(profile(`[v]\n${HMAC}`).recipe, at(1))).toThrow('/home/alice/.config/knocktail/home.secret cannot be read: no such file or directory')
  })
})

describe('our copy of a one-time list', () => {
  const LIST = '# from the server\n#1, 2\n 7000, 8000:udp\n\n7001,8001\n'

  it('is used from the top, a # in front marks what was used, and all else stays', async () => {
    const path = secretFile(LIST)
    expect(nextOf(path)).toMatchObject({ left: 1 })
    expect((await takeNext(path)).steps.map(stepKey)).toEqual(['7000/tcp', '8000/udp'])
    expect(readFileSync(path, 'utf8')).toBe(LIST.replace(' 7000', '# 7000'))
    expect(await takeNext(path)).toMatchObject({ left: 0, steps: [{ port: 7001 }, { port: 8001 }] })
    expect(readFileSync(path, 'utf8')).toBe(LIST.replace(' 7000', '# 7000').replace('\n7001', '\n#7001'))
    await expect(takeNext(path)).rejects.toThrow('has no unused sequence: get a new list')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('gives each of many at once another one', async () => {
    const path = secretFile(Array.from({ length: 8 }, (_, index) => `${7000 + index}, 9000\n`).join(''))
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeNext(path)))
    expect(new Set(taken.map(({ steps }) => stepKey(steps[0]!))).size).toBe(8)
  })

  it('stays behind the link that leads to it', async () => {
    const path = secretFile(LIST)
    const link = join(folder.path, 'link.list')
    symlinkSync(path, link)
    await takeNext(link)
    expect(readFileSync(path, 'utf8')).toContain('# 7000')
  })

  it('with a line that is none is not read past it, and nothing of it is shown', async () => {
    const path = secretFile('#1,2\n70000, 1\n7001,8001\n')
    await expect(takeNext(path)).rejects.toThrow(`${path}:2: the line is no sequence`)
    await expect(takeNext(path)).rejects.not.toThrow('70000')
    expect(readFileSync(path, 'utf8')).toBe('#1,2\n70000, 1\n7001,8001\n')
  })

  it('that others can read is refused', async () => {
    await expect(takeNext(secretFile(LIST, 0o644))).rejects.toThrow(/chmod 600/)
  })

  it('ends a lock whose owner is dead', async () => {
    const path = secretFile(LIST)
    symlinkSync('4194305', `${path}.knocktail-lock`)
    expect(await takeNext(path)).toMatchObject({ left: 1 })
  })
})

describe('the command that follows', () => {
  const route = { host: 'gate', family: 4, address: parseAddress('192.0.2.1')!, source: parseAddress('192.0.2.2')!, otherFamilies: [] } as const
  const way = ['-4', '-o', 'BindAddress=192.0.2.2']

  it.each([
    [['ssh', 'alice@gate', 'ls'], ['ssh', ...way, 'alice@gate', 'ls']],
    [['/usr/bin/ssh', '-v', 'gate'], ['/usr/bin/ssh', ...way, '-v', 'gate']],
    [['scp', 'a', 'alice@gate:b'], ['scp', ...way, 'a', 'alice@gate:b']],
    [['ssh', 'inner'], ['ssh', 'inner']],
    [['ssh', 'gateway'], ['ssh', 'gateway']],
    [['rsync', 'gate:a', 'b'], ['rsync', 'gate:a', 'b']],
  ])('%s', (command, expected) => {
    expect(alongRoute(command, route)).toEqual(expected)
  })
})
