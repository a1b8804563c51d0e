import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { SourceConfig } from '../config/config.ts'
import type { RunOptions } from './run-config.ts'

const BIN = fileURLToPath(new URL('../bin.js', import.meta.url))

/**
 * Starts a process of its own that reads one source with the rights we have now, and does nothing else with them. It ends when its
 * output is read no more.
 */
export function startReader({ name }: SourceConfig, options: RunOptions, stateDir: string): Readable {
  const sources = (options.source ?? []).flatMap((spec) => ['--source', spec])
  const named = (['parser', 'prefix'] as const).flatMap((option) => (options[option] === undefined ? [] : [`--${option}`, options[option]]))
  const args = [BIN, 'reader', '-c', options.config, '--state-dir', stateDir, ...sources, ...named, name]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout!
}
