import { getSystemErrorMap } from 'node:util'
import { formatProblem, type Problem } from './config/problem.ts'

/** What can go wrong for good, and the exit code each has (78 is EX_CONFIG of sysexits.h). */
const EXIT_CODES = { failed: 1, unreadable: 1, empty: 1, usage: 2, config: 78 } as const

export type ErrorCode = keyof typeof EXIT_CODES

/** The only class Knocktail throws on purpose. Its message is for people: it quotes what was wrong and says what to do. */
export class KnocktailError extends Error {
  override readonly name = 'KnocktailError'
  readonly code: ErrorCode
  /** With code `config`: everything that is wrong, in the order of the file. */
  readonly problems: readonly Problem[]

  constructor(code: ErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.code = code
    this.problems = problems
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}

/** What went wrong in words, without the path and the call that Node adds: `no such file or directory`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { errno, message } = error as NodeJS.ErrnoException
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message
}

export function configError(problems: readonly Problem[]): KnocktailError {
  return new KnocktailError('config', problems.map(formatProblem).join('\n'), problems)
}
