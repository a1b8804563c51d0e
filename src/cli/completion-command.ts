import { Argument, type Command } from 'commander'
import { Output } from './output.ts'

const SHELLS = {
  bash: async () => (await import('./completions/bash.ts')).bashCompletion,
  zsh: async () => (await import('./completions/zsh.ts')).zshCompletion,
  fish: async () => (await import('./completions/fish.ts')).fishCompletion,
}

/** `knocktail completion`: of all commands, those that are declared after this one too. */
export function completionCommand(program: Command, done: (exitCode: number) => void): void {
  program.command('completion').summary('print the completion for a shell')
    .description('Prints the completion for a shell, in bash for instance: eval "$(knocktail completion bash)"')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SHELLS)))
    .action(async (shell: keyof typeof SHELLS) => {
      const output = new Output()
      const [complete, { wordsOf }] = await Promise.all([SHELLS[shell](), import('./completions/words.ts')])
      output.line(complete(wordsOf(program)).trimEnd())
      await output.flush()
      done(0)
    })
}
