import { printable } from '../printable.ts'

/** Something wrong or doubtful in a file. Line 0 means the file as a whole. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly message: string
}

export function formatProblem(problem: Problem): string {
  const file = printable(problem.file)
  const place = problem.line > 0 ? `${file}:${problem.line}` : file
  return `${place}: ${problem.message}`
}

/** Collects while reading goes on, so that everything wrong is told at once. */
export class Report {
  readonly file: string
  readonly errors: Problem[] = []
  readonly warnings: Problem[] = []

  constructor(file: string) {
    this.file = file
  }

  error(line: number, message: string, file = this.file): void {
    this.errors.push({ file, line, message })
  }

  warning(line: number, message: string, file = this.file): void {
    this.warnings.push({ file, line, message })
  }
}

/** In the order of the lines, the configuration before the files it names. */
export function inOrder(problems: readonly Problem[], first: string): Problem[] {
  return problems.toSorted((one, other) => {
    if (one.file === other.file) return one.line - other.line
    if (one.file === first || other.file === first) return one.file === first ? -1 : 1
    return one.file < other.file ? -1 : 1
  })
}
