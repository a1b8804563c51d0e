import { createInterface } from 'node:readline/promises'
import { KnocktailError } from '../error.ts'
import { QUESTIONS, type Answers, type Question } from '../init/questions.ts'
import type { Survey } from '../init/survey.ts'
import { tell } from './output.ts'

/** As the command line has them: all that may be asked is text. */
export interface InitOptions {
  readonly port?: string
  readonly firewall?: string
  readonly log?: string
  readonly kind?: string
  readonly user?: string
  readonly host?: string
  readonly alwaysAllow?: string
  readonly console?: boolean
  readonly prefix: string
  readonly folder: string
  readonly place: string
  readonly yes?: boolean
}

/** Answers one question: by its option, by whoever sits at the terminal, or by what is best here. */
type Ask = <K extends keyof Answers>(name: K) => Promise<Answers[K]>

/** What the admin wants. Throws a KnocktailError `usage` if an option cannot be, or if nobody is there to be asked. */
export async function choose(found: Survey, options: InitOptions): Promise<Answers> {
  if (options.yes) return chooseAll(asker(found, options, undefined))
  if (!process.stdin.isTTY) throw new KnocktailError('usage', 'standard input is no terminal, so nothing can be asked: give --yes, and options for what you want otherwise')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const gone = new AbortController()
  terminal.on('close', () => gone.abort())
  try {
    return await chooseAll(asker(found, options, (text) => terminal.question(text, { signal: gone.signal })))
  } catch (error) {
    throw gone.signal.aborted ? new KnocktailError('failed', 'it was ended; nothing was written') : error
  } finally {
    terminal.close()
  }
}

/** Puts a question to whoever sits at the terminal. Rejects if he goes. */
type Terminal = (text: string) => Promise<string>

async function chooseAll(ask: Ask): Promise<Answers> {
  const port = await ask('port')
  const firewall = await ask('firewall')
  const log = await ask('log')
  const kind = await ask('kind')
  const user = kind === 'static' ? '' : await ask('user')
  const host = await ask('host')
  const alwaysAllow = await ask('alwaysAllow')
  const console = alwaysAllow.length > 0 || await ask('console')
  return { port, firewall, log, kind, user, host, alwaysAllow, console }
}

function asker(found: Survey, options: InitOptions, terminal: Terminal | undefined): Ask {
  return async (name) => {
    const question: Question<Answers[typeof name]> = QUESTIONS[name]
    const said: string | boolean | undefined = options[name]
    const given = typeof said === 'string' ? said : said ? 'yes' : undefined
    const fallback = question.fallback(found)
    if (terminal && given === undefined) return askUntilRight(question, question.text(found), fallback, terminal)
    const text = given ?? fallback
    if (text === undefined) throw new KnocktailError('usage', `nothing was found here for ${question.option}: give it`)
    const read = question.read(text)
    if ('fault' in read) throw new KnocktailError('usage', `${question.option} ${read.fault}`)
    return read.value
  }
}

async function askUntilRight<T>({ read }: Question<T>, text: string, fallback: string | undefined, terminal: Terminal): Promise<T> {
  const hint = fallback === undefined || fallback === '' ? '' : ` [${fallback}]`
  for (;;) {
    const line = (await terminal(`${text}${hint}\n> `)).trim()
    const answer = read(line === '' ? (fallback ?? '') : line)
    if ('value' in answer) return answer.value
    tell(answer.fault)
  }
}
