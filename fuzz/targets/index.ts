import type { Target } from '../target.ts'
import { configurationTargets } from './configuration.ts'
import { controlTarget } from './control.ts'
import { dialectTargets } from './dialects.ts'
import { ledgerTargets } from './ledger.ts'
import { protocolTargets } from './protocols.ts'

export const TARGETS: readonly Target[] = [...dialectTargets, ...configurationTargets, ...ledgerTargets, ...protocolTargets, controlTarget]
