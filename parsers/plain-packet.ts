import { addressOf, quadAt } from './address.ts'
import { isDigit, Views, type Line } from './bytes.ts'
import { FLAG_BITS, type Packet, type Port, type TcpFlags } from './event.ts'
import { readNumber } from './grammar.ts'
import type { Link } from './netfilter-link.ts'

const BLANK = 32

/** A key with the blank before it, four to eight bytes. Its first and its last four are numbers: so they are compared at once. */
interface Key { readonly length: number; readonly first: number; readonly last: number }

function key(text: string): Key {
  const codes = Buffer.from(text, 'latin1')
  return { length: codes.length, first: codes.readInt32BE(0), last: codes.readInt32BE(codes.length - 4) }
}

const [SRC, DST, LEN, TOS, PREC, TTL, ID] = [key('SRC='), key(' DST='), key(' LEN='), key(' TOS='), key(' PREC='), key(' TTL='), key(' ID=')]
const [PROTO, TCP, UDP, DPT, SEQ, ACK] = [key(' PROTO='), key('TCP SPT='), key('UDP SPT='), key(' DPT='), key(' SEQ='), key(' ACK=')]
const [WINDOW, RES, URGP, DF] = [key(' WINDOW='), key(' RES='), key(' URGP='), key(' DF ')]
/** In the order in which they are printed. */
const FLAGS = (['AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'] as const).map((name) => ({ ...key(` ${name} `), bit: FLAG_BITS[name] }))

/**
 * The packets of which a log has millions: TCP and UDP over IPv4 without options, as the kernel prints them. For speed alone: `readPacket` reads
 * these too, by a grammar, and all others.
 */
export class PlainPackets {
  readonly #views = new Views()
  #bytes: Uint8Array = new Uint8Array(0)
  #view = this.#views.of(this.#bytes)
  /** Where reading has come to; -1: what is there is not plain, and so is nothing behind it. */
  #at = 0
  #end = 0

  /** Undefined: no plain one. */
  read({ bytes, end }: Line, at: number, { iface, dir }: Link): Packet | undefined {
    this.#bytes = bytes
    this.#view = this.#views.of(bytes)
    this.#at = at
    this.#end = end
    // Each of these goes behind what it reads. When one item is not there, none behind it is, and only the last line looks.
    const src = this.#address(SRC)
    const dst = this.#address(DST)
    this.#digits(LEN)
    this.#hex(TOS)
    this.#hex(PREC)
    this.#digits(TTL)
    const ipId = this.#number(ID, 0xffff)
    this.#word(DF)
    this.#behind(PROTO)
    const isTcp = this.#isAt(TCP)
    const sport = this.#number(isTcp ? TCP : UDP, 65_535) as Port
    const dport = this.#number(DPT, 65_535) as Port
    const seq = isTcp && this.#isAt(SEQ) ? this.#number(SEQ, 0xffffffff) : undefined
    const flags = isTcp ? this.#flags() : undefined
    this.#digits(isTcp ? URGP : LEN)
    if (this.#at !== end && !(this.#at === end - 1 && bytes[end - 1] === BLANK)) return undefined
    return { kind: 'packet', proto: isTcp ? 'tcp' : 'udp', src: addressOf(src), dst: addressOf(dst), sport, dport, flags, seq, ipId, iface, dir, action: undefined }
  }

  #flags(): TcpFlags {
    if (this.#isAt(ACK)) this.#digits(ACK)
    this.#digits(WINDOW)
    this.#hex(RES)
    let bits = 0
    for (const flag of FLAGS) if (this.#word(flag)) bits |= flag.bit
    return bits as TcpFlags
  }

  #isAt({ length, first, last }: Key): boolean {
    const at = this.#at
    return at >= 0 && at + length <= this.#end && this.#view.getInt32(at) === first && this.#view.getInt32(at + length - 4) === last
  }

  /** Behind that key, or -1. */
  #behind(wanted: Key): number {
    this.#at = this.#isAt(wanted) ? this.#at + wanted.length : -1
    return this.#at
  }

  /** Whether that word is there. The blank behind it belongs to what follows. */
  #word(wanted: Key): boolean {
    const isThere = this.#isAt(wanted)
    if (isThere) this.#at += wanted.length - 1
    return isThere
  }

  /** That key and decimal digits: what they say is not asked for. */
  #digits(wanted: Key): void {
    const start = this.#behind(wanted)
    if (start >= 0) this.#goTo(this.#digitsEnd(start), start)
  }

  /** The same, hexadecimal. */
  #hex(wanted: Key): void {
    const start = this.#behind(wanted)
    let at = start
    while (at >= 0 && at < this.#end && isHex(this.#bytes[at]!)) at++
    if (start >= 0) this.#goTo(at, start)
  }

  /** The decimal number behind that key: as `readNumber`. */
  #number(wanted: Key, max: number): number {
    const start = this.#behind(wanted)
    if (start < 0) return -1
    const end = this.#digitsEnd(start)
    const value = readNumber(this.#bytes, start, end, max)
    this.#at = value < 0 ? -1 : end
    return value
  }

  #address(wanted: Key): number {
    const start = this.#behind(wanted)
    if (start < 0) return -1
    let end = start
    while (end < this.#end && this.#bytes[end] !== BLANK) end++
    const address = quadAt(this.#bytes, start, end)
    this.#at = address < 0 ? -1 : end
    return address
  }

  /** Behind a value, which may not be empty. */
  #goTo(end: number, start: number): void {
    this.#at = end > start ? end : -1
  }

  #digitsEnd(at: number): number {
    while (at < this.#end && isDigit(this.#bytes[at]!)) at++
    return at
  }
}

/** A hexadecimal digit, or the `x` of `0x00`. */
function isHex(code: number): boolean {
  const lower = code | 32
  return isDigit(code) || (lower >= 97 && lower <= 102) || lower === 120
}
