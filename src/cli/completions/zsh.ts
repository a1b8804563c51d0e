import type { CommandWords, FlagWords, Value } from './words.ts'

/** A completion for zsh, with what each command and option does. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef knocktail
# knocktail's completion for zsh: a file _knocktail in a folder of $fpath, or eval "$(knocktail completion zsh)"
_knocktail() {
  local -a commands=(
${commands.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _knocktail ]]; then _knocktail "$@"; else compdef _knocktail knocktail; fi
`
}

function commandCase({ name, flags, values }: CommandWords): string {
  const last = values.at(-1)
  const each = values.slice(0, -1).map((value, index) => `${index + 1}:${action(value)}`)
  const specs = [...flags.flatMap(flagSpecs), ...each, ...(last === undefined ? [] : [`*:${action(last)}`])]
  return `    ${name}) _arguments ${specs.map(quote).join(' ')} ;;`
}

/** `--config[a description]:value:_files`, one for each name; square brackets end a description. */
function flagSpecs({ names, about, value }: FlagWords): string[] {
  const text = about.replaceAll(/[[\]\\]/g, String.raw`\$&`)
  return names.map((name) => `${names.length > 1 ? `(${names.join(' ')})` : ''}${name}[${text}]${value === undefined ? '' : `:${action(value)}`}`)
}

function action(value: Value): string {
  if (value === 'file') return 'file:_files'
  return value === 'other' ? 'value: ' : `value:(${value.join(' ')})`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
