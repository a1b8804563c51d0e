import type { Dialect } from '../../parsers/parser.ts'
import type { Clocks } from '../clocks.ts'
import type { SourceConfig } from '../config/config.ts'
import { commandDriver } from './command.ts'
import type { Driver } from './driver.ts'
import { fileDriver } from './file.ts'
import { journaldDriver } from './journald.ts'
import { kmsgDriver, type KmsgDescriptors } from './kmsg.ts'
import type { Position } from './source.ts'
import { stdinDriver } from './stdin.ts'

export interface DriverContext {
  readonly clocks: Clocks
  readonly bootId: string
  /** Where the process before this one left it. Anyone may have written it: what does not fit is ignored. */
  readonly position: Position
  readonly dialect: Dialect
  /** The kernel's log, opened while there was the right to. */
  readonly kmsg?: KmsgDescriptors | undefined
}

/** What reads a source of that kind. */
export function driverFor({ follow }: SourceConfig, context: DriverContext): Driver {
  switch (follow.kind) {
    case 'kmsg': return kmsgDriver({ ...context, descriptors: context.kmsg })
    case 'journald': return journaldDriver(context)
    case 'file': return fileDriver(follow.path, context)
    case 'command': return commandDriver(follow.command)
    case 'stdin': return stdinDriver(process.stdin)
  }
}
