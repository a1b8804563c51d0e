import type { Command, Option } from 'commander'

/** What may stand in the place of a value: one of a few words, a file, or something that only its user knows. */
export type Value = readonly string[] | 'file' | 'other'

export interface FlagWords {
  /** `-c`, `--config`. */
  readonly names: readonly string[]
  readonly about: string
  /** Undefined: it takes none. */
  readonly value: Value | undefined
}

export interface CommandWords {
  readonly name: string
  readonly about: string
  readonly flags: readonly FlagWords[]
  /** Of its arguments, the last of which may be repeated. */
  readonly values: readonly Value[]
}

/** Placeholders that stand for files, as `<file>`, `[log...]`, `<dir>`. */
const FILES = /^(?:file|log|dir|folder)$/

/** What can be typed, as commander knows it: so a completion can never offer what is refused. */
export function wordsOf(program: Command): CommandWords[] {
  const help = program.createHelp()
  return help.visibleCommands(program).map((command) => ({
    name: command.name(),
    about: command.summary() || command.description(),
    flags: help.visibleOptions(command).map(flagOf),
    values: command.registeredArguments.map((argument) => argument.argChoices ?? valueOf(argument.name())),
  }))
}

function flagOf({ short, long, description, argChoices, flags }: Option): FlagWords {
  const placeholder = /[<[]([\w-]+)(?:\.\.\.)?[>\]]/.exec(flags)?.[1]
  const names = [short, long].filter((name) => name !== undefined)
  return { names, about: description, value: placeholder === undefined ? undefined : (argChoices ?? valueOf(placeholder)) }
}

function valueOf(placeholder: string): Value {
  return FILES.test(placeholder) ? 'file' : 'other'
}
