/** The ends of a packet or request, as text to be written into a line: right or wrong. */
interface Ends {
  readonly src: string
  readonly dst: string
  readonly sport: string
  readonly dport: string
}

export interface Spelling {
  /** One writer for each style of the dialect that reads its ends by itself. */
  readonly lines: readonly ((ends: Ends) => string)[]
  readonly hasPorts: boolean
}

const STAMP = '20/Nov/2026:23:36:56 +0000'
const TOS = 'LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4660'
const LINK = 'IN=eth0 OUT= MAC='

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** How each dialect spells addresses and ports. The family of the address need not fit the rest of the line. */
export const SPELLINGS: Readonly<Record<string, Spelling>> = {
  kernel: {
    hasPorts: true,
    lines: [
      ({ src, dst, sport, dport }) => `[ 1.000000] ${LINK} SRC=${src} DST=${dst} ${TOS} PROTO=TCP SPT=${sport} DPT=${dport} WINDOW=1 RES=0x00 SYN URGP=0 `,
      ({ src, dst, sport, dport }) => `[ 1.000000] ${LINK} SRC=${src} DST=${dst} LEN=49 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=${sport} DPT=${dport} LEN=9 `,
    ],
  },
  pflog: {
    hasPorts: true,
    lines: [
      ({ src, dst, sport, dport }) => `rule 4/(match) pass in on em0: ${src}.${sport} > ${dst}.${dport}: S 1:1(0) win 512`,
      ({ src, dst, sport, dport }) => `rule 4/0(match): pass in on em0: ${src}.${sport} > ${dst}.${dport}: UDP, length 5`,
    ],
  },
  tcpdump: {
    hasPorts: true,
    lines: [({ src, dst, sport, dport }) => `1700000000.500000 IP ${src}.${sport} > ${dst}.${dport}: Flags [S], seq 1, win 512, length 0`],
  },
  filterlog: {
    hasPorts: true,
    lines: [
      ({ src, dst, sport, dport }) => `53,,,1,em0,match,block,in,4,0x0,,64,600,0,DF,6,tcp,44,${src},${dst},${sport},${dport},0,S,1,,65535,,mss`,
      ({ src, dst, sport, dport }) => `53,,,1,em0,match,block,in,6,0x00,0x00000,64,UDP,17,13,${src},${dst},${sport},${dport},13`,
    ],
  },
  ipfw: {
    hasPorts: true,
    lines: [({ src, dst, sport, dport }) => `ipfw: 100 Deny TCP ${bracketed(src)}:${sport} ${bracketed(dst)}:${dport} in via em0`],
  },
  ulogd: {
    hasPorts: true,
    lines: [
      ({ src, dst, sport, dport }) => `Nov 20 23:44:26 vm knock ${LINK} SRC=${src} DST=${dst} ${TOS} PROTO=UDP SPT=${sport} DPT=${dport} LEN=9 MARK=0x0 `,
      ({ src, dst, sport, dport }) => `{"ip.protocol": 17, "src_port": ${sport}, "dest_port": ${dport}, "src_ip": "${src}", "dest_ip": "${dst}"}`,
    ],
  },
  clf: { hasPorts: false, lines: [({ src }) => `${src} - - [${STAMP}] "GET /knock HTTP/1.1" 404 153 "-" "-"`] },
  'openbsd-httpd': { hasPorts: false, lines: [({ src }) => `example.org ${src} - - [${STAMP}] "GET /knock HTTP/1.1" 404 0`] },
  caddy: {
    hasPorts: false,
    lines: [({ src }) => `{"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"${src}","method":"GET","uri":"/knock"},"status":404}`],
  },
  gmid: {
    hasPorts: false,
    lines: [
      ({ src }) => `${src}:40112 GET gemini://example.org/knock 51 not found`,
      ({ src }) => `2026-11-20T23:36:56+0000 ${src} - example.org gemini://example.org/knock 0 0 51 not found`,
      ({ src }) => `example.org ${src} - - ${STAMP} "gemini://example.org/knock" 51 0`,
      ({ src }) => `${src} - - [${STAMP}] "gemini://example.org/knock" 51 0 "-" ""`,
    ],
  },
  agate: { hasPorts: false, lines: [({ src }) => `[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 ${src} "gemini://example.org/knock" 51 "no"`] },
  'molly-brown': { hasPorts: false, lines: [({ src }) => `2026-11-20T23:36:56Z\t${bracketed(src)}\t51\tgemini://example.org/knock`] },
  jetforce: { hasPorts: false, lines: [({ src }) => `${src} [${STAMP}] "gemini://example.org/knock" 51 Not Found 15`] },
}
