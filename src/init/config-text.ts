import { portText, type Knock, type Plan } from './plan.ts'

const CANARY = [
  '# Once an hour the machine knocks at itself; if that is not logged, `knocktail status` fails. Under systemd it needs the drop-in canary.conf.',
  '#     canary = yes',
]

/** The daemon's configuration, with a comment on each line that an admin may want to change. `settings`: what the firewall needs to know. */
export function configText(plan: Plan, settings: readonly string[]): string {
  const { firewall, alwaysAllow, follow, prefix, rule, port, knock } = plan
  const allowed = alwaysAllow.map(({ text }) => text).join(', ')
  const lines = [
    '# Written by knocktail init. Every key is explained in samples/config/knocktail.conf and knocktail.conf(5).',
    '# Whoever reads this can knock: keep it from other users.',
    '',
    '[knocktail]',
    `firewall = ${firewall}`,
    ...(allowed === '' ? [] : ['# They need no knock and come in by a rule of the firewall\'s own, also without Knocktail.', `always_allow = ${allowed}`]),
    ...(knock.kind === 'hmac' ? ['# Part of what is knocked: clients must have the same.', `host_id = ${plan.hostId}`] : []),
    '',
    '# Where the firewall writes down who knocked.',
    '[source log]',
    `follow = ${follow}`,
    ...(firewall === 'pf' ? ['parser = pflog'] : [...(follow.startsWith('file:') ? ['parser = kernel'] : []), '# What the LOG rule prints before the packet.', `prefix = "${prefix}"`, ...CANARY]),
    ...(settings.length === 0 ? [] : ['', '# What Knocktail fills with those whom it lets in.', ...settings]),
    ...userLines(plan),
    '',
    `[${rule}]`,
    ...knockLines(knock, plan.user),
    '# The whole sequence must be knocked in less than this.',
    'seq_timeout = 15s',
    '# What opens, for the address that knocked, and for how long. A connection that stands then goes on.',
    `ports = ${portText(port)}`,
    'open_for = 30s',
  ]
  return `${lines.join('\n')}\n`
}

function userLines({ knock, user }: Plan): string[] {
  if (knock.kind === 'static') return []
  return ['', '# One section for each person, each with a secret of his own.', `[user ${user}]`, '# A file beside this one.', `secret = ${secretName(user)}`]
}

export function secretName(user: string): string {
  return `${user}.secret`
}

const ABOUT: Readonly<Record<Knock['kind'], string>> = {
  static: '# Drawn at random. Whoever sees it once can use it: knocktail init --kind hmac for one that changes.',
  hmac: '# Ports that the client draws anew every 30 seconds, from the secret and the time; each sequence is good once. The firewall must log them all.',
  totp: '# These ports, then the code that the app shows: its groups of digits, each added to a base. Each code is good once.',
}

function knockLines(knock: Knock, user: string): string[] {
  return [ABOUT[knock.kind], ...sequenceLines(knock), ...(knock.kind === 'static' ? [] : [`users = ${user}`])]
}

/** The keys that say what is knocked: a client's profile has the same. */
export function sequenceLines(knock: Knock): string[] {
  switch (knock.kind) {
    case 'static': return [`sequence = ${knock.ports.join(', ')}`]
    case 'hmac': return ['sequence = hmac', `knocks = ${knock.knocks}`, `port_range = ${knock.range.low}-${knock.range.high}`]
    case 'totp': return [`sequence = ${[...knock.ports, 'totp'].join(', ')}`, 'digits = 8', `bases = ${knock.bases.map(({ low }) => low).join(', ')}`]
  }
}
