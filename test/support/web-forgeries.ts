import { ATTACKER, HONEST, LIAR, type Forgery } from './forgeries.ts'

/** What ATTACKER can put into the parts of a request that are his, and how each server prints that. */

export const KNOCK = '/knock-9c1f70ab'

/** What a client may choose. */
interface Parts {
  readonly user: string
  readonly host: string
  readonly path: string
  readonly agent: string
}

const PLAIN: Parts = { user: '-', host: 'example.org', path: '/a', agent: 'curl/8' }

interface Server {
  readonly name: string
  readonly parser: string
  readonly write: (src: string, parts: Parts) => string
  /** The parts that this log prints. */
  readonly prints: readonly (keyof Parts)[]
  /** Newlines reach the log as they are: then only a logger that keeps a record on one line resists them. */
  readonly isRaw?: boolean
}

const TIME = '20/Nov/2026:23:36:56 +0000'
const hex = (byte: string): string => byte.charCodeAt(0).toString(16).padStart(2, '0')
const byByte = (write: (byte: string) => string) => (text: string): string => text.replace(/[^ !#-[\]-~]/g, write)
const nginx = byByte((byte) => `\\x${hex(byte).toUpperCase()}`)
const C_LETTERS: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t' }
const apache = byByte((byte) => C_LETTERS[byte] ?? `\\x${hex(byte)}`)
const rust = byByte((byte) => C_LETTERS[byte] ?? `\\u{${hex(byte)}}`)
/** OpenBSD's stravis: quotes and blanks pass. */
const vis = (text: string): string => text.replace(/[\n\t]/g, (byte) => C_LETTERS[byte]!)
const encoded = (text: string): string => text.replace(/[^!$'-;=@-~]/g, (byte) => `%${hex(byte)}`)
/** A user name ends at its first colon (RFC 7617). */
const name = (user: string): string => user.replace(/:.*/s, '')

const clf = (escape: (text: string) => string) => (src: string, { user, path, agent }: Parts): string =>
  `${src} - ${escape(name(user))} [${TIME}] "GET ${escape(path)} HTTP/1.1" 404 153 "-" "${escape(agent)}"`

const SERVERS: readonly Server[] = [
  { name: 'nginx combined', parser: 'clf', prints: ['user', 'path', 'agent'], write: clf(nginx) },
  { name: 'nginx main', parser: 'clf', prints: ['user', 'path', 'agent'], write: (src, parts) => `${clf(nginx)(src, parts)} "${nginx(parts.agent)}"` },
  { name: 'nginx, host first', parser: 'clf', prints: ['user', 'host', 'path', 'agent'], write: (src, parts) => `${nginx(parts.host)}:80 ${clf(nginx)(src, parts)}` },
  { name: 'Apache combined', parser: 'clf', prints: ['user', 'path', 'agent'], write: clf(apache) },
  { name: 'Apache vhost_combined', parser: 'clf', prints: ['user', 'path', 'agent'], write: (src, parts) => `example.org:80 ${clf(apache)(src, parts)}` },
  {
    name: 'lighttpd', parser: 'clf', prints: ['host', 'path', 'agent'],
    write: (src, { host, path, agent }) => `${src} ${apache(host)} - [${TIME}] "GET ${apache(path)} HTTP/1.1" 404 153 "-" "${apache(agent)}"`,
  },
  ...[['combined', ''], ['forwarded', ' XFF 443']].map(([style, end]): Server => ({
    name: `OpenBSD httpd ${style}`, parser: 'openbsd-httpd', prints: ['user', 'path', 'agent'],
    write: (src, { user, path, agent }) =>
      `example.org ${src} - ${vis(name(user))} [${TIME}] "GET ${path === KNOCK ? path : `/?${path.replace(/\s/g, '')}`} HTTP/1.1" 404 0 "${encoded(agent)}" "${vis(agent)}"${end!.replace('XFF', vis(agent))}`,
  })),
  {
    name: 'Caddy', parser: 'caddy', prints: ['user', 'host', 'path', 'agent'],
    write: (src, { user, host, path, agent }) => JSON.stringify({
      ts: 1795217816, logger: 'http.log.access', msg: 'handled request', user_id: user, status: 404,
      request: { remote_ip: src, client_ip: LIAR, method: 'GET', host, uri: path, headers: { 'User-Agent': [agent], 'X-Forwarded-For': [LIAR, agent] } },
    }),
  },
  { name: 'agate', parser: 'agate', prints: ['path'], write: (src, { path }) => `[2026-11-20T23:36:56Z INFO  agate] 192.0.2.1:1965 ${src} "gemini://example.org${rust(path)}" 51 "no"` },
  { name: 'Molly Brown', parser: 'molly-brown', prints: ['path'], write: (src, { path }) => `2026-11-20T23:36:56Z\t${src}\t51\tgemini://example.org${encoded(path)}` },
  { name: 'gmid legacy', parser: 'gmid', prints: ['host', 'path'], isRaw: true, write: (src, { host, path }) => `${src}:40112 GET gemini://${host}${path} 51 no` },
  { name: 'gmid condensed', parser: 'gmid', prints: ['host', 'path'], isRaw: true, write: (src, { host, path }) => `2026-11-20T23:36:56+0000 ${src} - ${host} gemini://${host}${path} 0 0 51 no` },
  { name: 'gmid common', parser: 'gmid', prints: ['host', 'path'], isRaw: true, write: (src, { host, path }) => `${host} ${src} - - ${TIME} "gemini://${host}${path}" 51 0` },
  { name: 'gmid combined', parser: 'gmid', prints: ['host', 'path'], isRaw: true, write: (src, { host, path }) => `${src} - - [${TIME}] "gemini://${host}${path}" 51 0 "-" ""` },
  { name: 'jetforce', parser: 'jetforce', prints: ['host', 'path'], isRaw: true, write: (src, { host, path }) => `${src} [${TIME}] "gemini://${host}${path}" 51 Not Found 15` },
]

/** A whole record of LIAR's, and whatever might end the field that it stands in. */
function pieces(record: string): string[] {
  const ends = ['', ' ', '" ', '\\" ', '\n', '\r\n', '"\n', '%0a', '%22%20', `" 404 153 "-" "-"\n`, '" 51 0 "-" ""\n', ' 51 no\n', '"}}\n', `- ${LIAR} - - [${TIME}] "GET ${KNOCK} HTTP/1.1" 200 1 "`, `] "GET ${KNOCK} HTTP/1.1" 200 1 "-" "-" `]
  return [...ends.map((end) => `${end}${record}`), `${LIAR} - -`, `${LIAR}`, `[client%20${LIAR}]%20user%20root%20not%20found`, `x [client ${LIAR}:4711] AH01618: user`, ` SRC=${LIAR} DPT=7001`]
}

/** One record is one line where a syslog daemon writes it (rsyslog's #012). */
const oneLine = (line: string): string => line.replace(/[\r\n\t]/g, (byte) => `#${byte.charCodeAt(0).toString(8).padStart(3, '0')}`)

export const WEB_FORGERIES: readonly Forgery[] = SERVERS.map(({ name: what, parser, write, prints, isRaw }) => {
  const print = (src: string, parts: Parts): string => (isRaw ? oneLine(write(src, parts)) : write(src, parts))
  const record = write(LIAR, { ...PLAIN, path: KNOCK })
  const forged = prints.flatMap((part) => pieces(record).map((piece) => print(ATTACKER, { ...PLAIN, [part]: PLAIN[part].replace('-', '') + piece })))
  const all = pieces(record).map((piece) => print(ATTACKER, { user: piece, host: piece, path: `/a${piece}`, agent: piece }))
  return { what, parser, forged: [...forged, ...all], honest: [write(HONEST, { ...PLAIN, path: KNOCK })] }
})

/** What only a syslog daemon between server and file could keep apart. */
export const WEB_FORGED_FOR_GOOD = SERVERS.filter(({ isRaw }) => isRaw).map(({ name: what, parser, write }) => ({
  why: `a newline in the URL, in the own file of ${what}`, parser, lines: write(ATTACKER, { ...PLAIN, path: `/a\n${write(LIAR, { ...PLAIN, path: KNOCK })}\n` }).split('\n'),
}))
