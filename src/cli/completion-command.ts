import { Argument, type Command } from 'commander'
import { bashCompletion } from './completions/bash.ts'
import { fishCompletion } from './completions/fish.ts'
import { wordsOf } from './completions/words.ts'
import { zshCompletion } from './completions/zsh.ts'
import { Output } from './output.ts'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** `knocktail completion`: of all commands, those that are declared after this one too. */
export function completionCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('completion').summary('print the completion for a shell')
    .description('Prints the completion for a shell, in bash for instance: eval "$(knocktail completion bash)"')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .action(async (shell: keyof typeof SHELLS) => {
      const output = new Output()
      output.line(SHELLS[shell](wordsOf(program)).trimEnd())
      await output.flush()
      done(0)
    })
}
