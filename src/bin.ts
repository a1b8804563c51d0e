#!/usr/bin/env node
import { endOnBrokenOutput, tell } from './cli/output.ts'
import { runProgram } from './cli/program.ts'

endOnBrokenOutput()
process.exitCode = await runProgram(process.argv.slice(2), tell)
