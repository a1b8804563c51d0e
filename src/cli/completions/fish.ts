import type { CommandWords, FlagWords, Value } from './words.ts'

/** A completion for fish, with what each command and option does. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  return `# knocktail's completion for fish: knocktail completion fish > ~/.config/fish/completions/knocktail.fish
complete -c knocktail -f
complete -c knocktail -n __fish_use_subcommand -l help -d 'print this help'
complete -c knocktail -n __fish_use_subcommand -l version -d 'print the version'
${commands.flatMap(commandLines).join('\n')}
`
}

function commandLines({ name, about, flags, values }: CommandWords): string[] {
  const seen = `complete -c knocktail -n '__fish_seen_subcommand_from ${name}'`
  return [
    `complete -c knocktail -n __fish_use_subcommand -a ${name} -d ${quote(about)}`,
    ...flags.map((flag) => `${seen} ${flagText(flag)} -d ${quote(flag.about)}`),
    ...values.filter((value) => value !== 'other').map((value) => `${seen} ${offer(value)}`),
  ]
}

function flagText({ names, value }: FlagWords): string {
  const texts = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return [...texts, ...(value === undefined ? [] : [value === 'other' ? '-x' : `-r ${offer(value)}`])].join(' ')
}

function offer(value: Value): string {
  return Array.isArray(value) ? `-f -a ${quote(value.join(' '))}` : '-F'
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
