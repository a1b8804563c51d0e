import type { Config } from '../../src/config/config.ts'
import type { ReadFile } from '../../src/config/user-section.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { formatProblem } from '../../src/config/problem.ts'

const PATH = 't.conf'

/** The configuration that must be right. */
export function config(text: string, readFile?: ReadFile): Config {
  const result = parseConfig(text, PATH, readFile)
  if (Array.isArray(result)) throw new Error(result.map(formatProblem).join('\n'))
  return result
}

/** Everything wrong with a configuration, as it is printed. */
export function problems(text: string, readFile?: ReadFile): string[] {
  const result = parseConfig(text, PATH, readFile)
  return Array.isArray(result) ? result.map(formatProblem) : []
}

export function warnings(text: string, readFile?: ReadFile): string[] {
  return config(text, readFile).warnings.map(formatProblem)
}
