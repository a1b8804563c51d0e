import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findDialect, parseLine } from '../parsers/dialects.ts'
import { DEFAULT_CONTEXT, isParsed, type Outcome } from '../parsers/parser.ts'
import { packetOf } from './support/packet-outcome.ts'

/** Lines that show a packet, and who wrote them. */

const kernel = findDialect('kernel')!
const LINK = 'IN=eth0 OUT= MAC=00:00:5e:00:53:02:00:00:5e:00:53:01:08:00 '
const REST = 'DST=192.0.2.31 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4660 DF PROTO=TCP SPT=40000 DPT=7000 WINDOW=64240 RES=0x00 SYN URGP=0 '
const PACKET = `${LINK}SRC=192.0.2.123 ${REST}`
/** What somebody who is not 192.0.2.123 wants to be read. */
const FORGED = `${LINK}SRC=192.0.2.66 ${REST}`

const kmsg = (text: string, priority: number): string => `${priority},1,1000000,-;${text}`
const parse = (line: string): Outcome => parseLine(kernel, line, DEFAULT_CONTEXT)

describe('who wrote it', () => {
  it.each([4, 0, 7])('/dev/kmsg: priority %i is the kernel’s', (priority) => {
    expect(packetOf(parse(kmsg(`knock: ${PACKET}`, priority))).dport).toBe(7000)
  })

  it.each([8, 12, 1028])('/dev/kmsg: priority %i is not', (priority) => {
    expect(parse(kmsg(`knock: ${FORGED}`, priority))).toBe('not-from-kernel')
  })

  it.each([
    ['a process id', `Nov 20 23:36:56 vm kernel[31836]: ${FORGED}`],
    ['facility 1 in the PRI', `<12>Nov 20 23:36:56 vm kernel: ${FORGED}`],
    ["FreeBSD's facility 4", `Apr  2 17:51:27 <4.3> vm kernel: ${FORGED}`],
    ["FreeBSD's facility by name", `Apr  2 17:51:27 <auth.info> vm kernel: ${FORGED}`],
    ['facility 1 of RFC 5424', `<12>1 2026-11-20T23:37:59.921334+00:00 vm kernel - - - ${FORGED}`],
    ['a process id of RFC 5424', `<4>1 2026-11-20T23:37:59.921334+00:00 vm kernel 77 - - ${FORGED}`],
    ['the blank of a message that came through the socket', `<4>1 2026-11-20T23:37:59.921334+00:00 vm kernel - - -  ${FORGED}`],
    ['dmesg -r', `<12>[ 1261.704253] ${FORGED}`],
    ['dmesg -x', `user  :notice: [ 1261.704253] ${FORGED}`],
  ])('%s', (_what, line) => {
    expect(parse(line)).toBe('not-from-kernel')
  })

  it.each([
    `Nov 20 23:36:56 vm sshd[22]: Invalid user evil kernel: ${FORGED}`,
    `Nov 20 23:36:56 vm sshd[22]: kernel: ${FORGED}`,
    `Nov 20 23:36:56 sshd[22]: kernel: ${FORGED}`,
    `Nov 20 23:36:56 vm evil kernel: ${FORGED}`,
    `Nov 20 23:36:56 vm rnel: ${FORGED}`,
    `Nov 20 23:36:56 vm unknown: ${FORGED}`,
    `2026-11-20T23:36:56+00:00 vm sshd[22]: Invalid user evil#012Nov 20 10:00:00 vm kernel: ${FORGED}`,
    `[ 1504.230778] vm evil[31836]: ${FORGED}`,
    `[ 1504.230778] vm evil x[31836]: ${FORGED}`,
    `<38>1 2026-11-20T23:38:01.280113+00:00 vm sshd 1 - -  kernel: ${FORGED}`,
  ])('%s', (line) => {
    expect(parse(line)).toBe('other-program')
  })
})

it.each([
  `2026-11-20T10:00:04+00:00 h kernel: message repeated 4 times: [ knock: ${PACKET}]`,
  `<4>1 2026-11-20T10:00:04+00:00 h kernel - - - message repeated 4 times: [ knock: ${PACKET}]`,
  `<4>1 2026-11-20T10:00:04+00:00 h kernel - - -  message repeated 4 times: [ knock: ${PACKET}]`,
  'Nov 20 10:00:03 localhost last message repeated 3 times',
  'Nov 20 10:00:03 last message repeated 1 time',
])('a repeat notice is no packet: %s', (line) => {
  expect(parse(line)).toBe('repeat-notice')
})

describe('a file of another program, read as kernel', () => {
  const lines = readFileSync(new URL('../samples/formats/kernel/nginx-error-log.log', import.meta.url), 'latin1').trimEnd().split('\n')
  const injected = lines.findIndex((line) => line.includes(' vm kernel: '))

  // nginx prints `%0a` of a URL as a newline. With a second one behind it the line in between is a kernel's in every
  // byte: nothing in the line can tell. That is why a source has one parser, and a file one writer.
  it('between two newlines anybody writes a perfect line', () => {
    expect(packetOf(parse(lines[injected]!))).toMatchObject({ src: '6.6.6.6', dport: 7001, iface: 'eth0' })
    expect(lines.filter((line) => isParsed(parse(line)))).toHaveLength(1)
  })

  it('behind one newline nginx’s own words remain at its end, and the line is not whole', () => {
    expect(parse(`${lines[injected]!.trimEnd()}y" failed (2: No such file or directory), client: 127.0.0.1`)).toBe('not-this-dialect')
    expect(parse(`${lines[injected]!}" failed (2: No such file or directory), client: 127.0.0.1`)).toBe('not-this-dialect')
  })
})
