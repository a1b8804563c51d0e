import { formatSecret } from '../../rules/derive/secret.ts'
import { secretName, sequenceLines } from './config-text.ts'
import type { Plan } from './plan.ts'

/** A section for ~/.config/knocktail/profiles.conf on the client, by which `knocktail knock` knows how to knock here. */
export function profileText(plan: Plan): string {
  const { rule, host, hostId, user, knock, port } = plan
  const lines = [
    '# For ~/.config/knocktail/profiles.conf on the client. The secret\'s file stands beside it.',
    `[${rule}]`,
    `host = ${host}`,
    ...sequenceLines(knock),
    ...(knock.kind === 'static' ? [] : [`secret = ${secretName(user)}`]),
    ...(knock.kind === 'hmac' ? [`host_id = ${hostId}`, `rule = ${rule}`, `user = ${user}`] : []),
    ...(port.proto === 'tcp' ? ['# Knock until this answers.', `wait_port = ${port.port}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** How to come in from elsewhere: commands, each with what it needs. */
export function clientLines(plan: Plan): string[] {
  const { rule, host, knock, port } = plan
  const then = port.port === 22 ? ` --then ssh ${host}` : ''
  if (knock.kind === 'static') return [`for port in ${knock.ports.join(' ')}; do nc -z -w1 ${host} $port; done${port.port === 22 ? `; ssh ${host}` : ''}`]
  return [`knocktail knock ${rule}${then}`]
}

/**
 * What an authenticator app reads, as its key URI format has it: SHA-1, 30 seconds and 8 digits.
 * https://github.com/google/google-authenticator/wiki/Key-Uri-Format
 */
export function otpauthUri({ user, host, knock }: Plan): string | undefined {
  if (knock.kind !== 'totp') return undefined
  const label = `Knocktail:${encodeURIComponent(`${user}@${host}`)}`
  return `otpauth://totp/${label}?secret=${formatSecret(knock.secret)}&issuer=Knocktail&algorithm=SHA1&digits=8&period=30`
}

/** How a person knocks the code 12345678 by hand. */
export function codeByHand({ knock }: Plan): string | undefined {
  if (knock.kind !== 'totp') return undefined
  const lengths = knock.bases.map(({ low, high }) => String(high - low).length)
  let at = 0
  const ports = knock.bases.map(({ low }, index) => low + Number('12345678'.slice(at, (at += lengths[index]!))))
  return `The code 1234 5678 is knocked as ${[...knock.ports, ...ports].join(', ')}.`
}
