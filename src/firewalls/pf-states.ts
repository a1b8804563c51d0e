import { parseAddress, type Address } from '../../parsers/address.ts'
import type { OpenPort } from '../config/config.ts'

interface Host {
  readonly address: Address | undefined
  readonly port: number
}

/** `all tcp 192.0.2.1:22 (10.0.0.1:22) <- 198.51.100.7:51234       ESTABLISHED:ESTABLISHED`: print_state in pf_print_state.c. */
const STATE = /^\S+ (\w+) (.+?) (<-|->) (.+?) {4,}\S+$/
const ID = /^ +id: ([0-9a-f]+) creatorid: ([0-9a-f]+)/

/** An address with its port; IPv6 has the port in brackets. Where something was translated there are two on a side. */
const HOST = /([0-9a-f.:]*[0-9a-f:])(?:\[(\d+)\]|:(\d+)(?![0-9a-f:.[]))/g

/** The ids (`ID/CREATOR`, as `pfctl -k id -k` takes them) of an address's states to those ports, from what `pfctl -vvss` prints. */
export function statesOf(output: string, address: Address, ports: readonly OpenPort[]): string[] {
  const ids: string[] = []
  let isMeant = false
  for (const line of output.split('\n')) {
    const id = ID.exec(line)
    if (id && isMeant) ids.push(`${id[1]}/${id[2]}`)
    if (/^\S/.test(line)) isMeant = isStateOf(line, address, ports)
  }
  return ids
}

function isStateOf(line: string, address: Address, ports: readonly OpenPort[]): boolean {
  const [, proto, left, arrow, right] = STATE.exec(line) ?? []
  if (left === undefined || right === undefined) return false
  const [from, to] = arrow === '<-' ? [right, left] : [left, right]
  const isFrom = hostsOf(from).some((host) => host.address === address)
  return isFrom && hostsOf(to).some(({ port }) => ports.some((own) => own.proto === proto && own.port === port))
}

function hostsOf(side: string): Host[] {
  return [...side.matchAll(HOST)].map(([, text, bracketed, plain]) => ({ address: parseAddress(text!), port: Number(bracketed ?? plain) }))
}
