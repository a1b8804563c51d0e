import { randomBytes } from 'node:crypto'
import { formatSecret, parseSecret, type Secret } from '../../rules/derive/secret.ts'
import { profileText } from './client-text.ts'
import { configText, secretName } from './config-text.ts'
import type { DoorFirewall, Knock, KnockKind, Plan } from './plan.ts'
import { codeBases, drawPorts, freeRanges, widestRange, without, type PortUse, type Random } from './ports.ts'
import type { DoorRules, SetupFile } from './rules/door-rules.ts'
import { iptablesRules } from './rules/iptables.ts'
import { nftablesRules } from './rules/nftables.ts'
import { pfRules } from './rules/pf.ts'
import { ufwRules } from './rules/ufw.ts'

const RULES: Readonly<Record<DoorFirewall, (plan: Plan) => DoorRules>> = {
  nftables: nftablesRules, ufw: ufwRules, iptables: iptablesRules, pf: pfRules,
}

const STATIC_PORTS = 4
const HMAC_KNOCKS = 5
/** Before a code, so that a guesser of codes must know them, too. */
const PORTS_BEFORE_CODE = 2
/** 160 bits, as RFC 4226 recommends. */
const SECRET_BYTES = 20

/** Draws what is to be knocked; undefined: this machine has too few free ports for that kind. */
export function drawKnock(kind: KnockKind, use: PortUse, random: Random): Knock | undefined {
  const free = freeRanges(use)
  switch (kind) {
    case 'static': {
      const ports = drawPorts(STATIC_PORTS, free, random)
      return ports && { kind, ports }
    }
    case 'hmac': {
      const range = widestRange(free)
      return range && { kind, range, knocks: HMAC_KNOCKS, secret: drawSecret() }
    }
    case 'totp': {
      const bases = codeBases(free)
      const ports = bases && drawPorts(PORTS_BEFORE_CODE, without(free, bases), random)
      return ports && { kind, ports, bases, secret: drawSecret() }
    }
  }
}

function drawSecret(): Secret {
  return parseSecret(formatSecret(randomBytes(SECRET_BYTES)))!
}

export interface Setup {
  readonly files: readonly SetupFile[]
  readonly rules: DoorRules
}

/** The files of a setup; nothing is written yet. */
export function setupOf(plan: Plan): Setup {
  const rules = RULES[plan.firewall](plan)
  const { knock, user } = plan
  return {
    rules,
    files: [
      { name: 'knocktail.conf', text: configText(plan, rules.settings), isSecret: true },
      ...rules.files,
      { name: 'undo.sh', text: undoText(rules) },
      { name: 'profile.conf', text: profileText(plan), isSecret: true },
      ...(knock.kind === 'static' ? [] : [{ name: secretName(user), text: `${formatSecret(knock.secret)}\n`, isSecret: true }]),
    ],
  }
}

function undoText({ undo }: DoorRules): string {
  return `#!/bin/sh\n# Takes the rules of this folder out of the firewall: whoever could connect before can again.\n${undo.join('\n')}\n`
}
