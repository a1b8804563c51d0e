import { expect } from 'vitest'
import type { DoorRule } from '../../src/config/config.ts'
import { config } from './config.ts'

/** One rule in a native file. */

export const HEAD = '[knocktail]\n'

export const rule = (...keys: string[]): string => `${HEAD}[ssh]\nsequence = 48211, 7043\nreorder = 0\nother_ports = 0\nstart_command = true\n${keys.join('\n')}\n`

export const only = (text: string): DoorRule => config(text).rules[0] ?? expect.fail('no rule')
