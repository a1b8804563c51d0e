import type { CommandWords, FlagWords, Value } from './words.ts'

/** A completion for bash: needs nothing of the package bash-completion. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  return `# knocktail's completion for bash: eval "$(knocktail completion bash)"
_knocktail() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...commands.map(({ name }) => name), '--help', '--version'].join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${commands.flatMap(flagCases).join('\n')}
  esac
  case "\${COMP_WORDS[1]} $current" in
${commands.map(commandCase).join('\n')}
  esac
}
complete -F _knocktail knocktail
`
}

/** Behind an option that takes a value. */
function flagCases({ name, flags }: CommandWords): string[] {
  return flags.flatMap(({ names, value }) => (value === undefined ? [] : [`    ${names.map((flag) => `'${name} ${flag}'`).join('|')}) ${offer(value)}; return ;;`]))
}

function commandCase({ name, flags, values }: CommandWords): string {
  const all = flags.flatMap((flag: FlagWords) => flag.names).join(' ')
  const rest = values.map(offer).find((text) => text !== ':') ?? ':'
  return `    '${name} -'*) ${offer(all.split(' '))} ;;\n    '${name} '*) ${rest} ;;`
}

function offer(value: Value): string {
  if (value === 'other') return ':'
  // Names may have blanks in them.
  if (value === 'file') return String.raw`compopt -o filenames 2>/dev/null; local IFS=$'\n'; COMPREPLY=($(compgen -f -- "$current"))`
  return `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current"))`
}
