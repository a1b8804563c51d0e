#!/usr/bin/env node
import { endQuietlyOnClosedPipe, tell } from './cli/output.ts'
import { runProgram } from './cli/program.ts'

endQuietlyOnClosedPipe()
process.exitCode = await runProgram(process.argv.slice(2), tell)
