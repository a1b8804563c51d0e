/** The public contract: what a log dialect is, for parsers of your own. */
export { parseAddress, type Address } from '../parsers/address.ts'
export { FLAG_BITS, packet, parsePort, type Fields, type Packet, type Port, type Request, type TcpFlags } from '../parsers/event.ts'
export type { Dialect, Outcome, ParseContext, Parsed } from '../parsers/parser.ts'
export type { Reason } from '../parsers/reason.ts'
export type { Stamp } from '../parsers/time.ts'
