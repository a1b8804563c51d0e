import { describe, expect, it } from 'vitest'
import { decide } from './support/decisions.ts'
import { ATTACKER, FORGED_FOR_GOOD, HONEST, LIAR, PACKET_FORGERIES, PORT } from './support/forgeries.ts'
import { KNOCK, WEB_FORGED_FOR_GOOD, WEB_FORGERIES } from './support/web-forgeries.ts'

/** Whatever a line was forged with: the decisions of replay are what counts. */

const PACKETS = `[knocktail]
firewall = null
[door]
sequence = ${PORT}
ports = 22/tcp
`
const WEB = PACKETS.replace(`${PORT}`, `GET ${KNOCK}`)
const FORGERIES = [
  // ipfw logs no flags.
  ...PACKET_FORGERIES.map((forgery) => ({ ...forgery, config: forgery.parser === 'ipfw' ? `${PACKETS}tcpflags = any\n` : PACKETS })),
  ...WEB_FORGERIES.map((forgery) => ({ ...forgery, config: WEB })),
]

describe.each(FORGERIES.map((forgery) => [forgery.what, forgery] as const))('%s', (_what, { parser, forged, honest, config }) => {
  it('opens nothing by a forged line', async () => {
    const wrong: unknown[] = []
    for (const line of forged) {
      const { opened } = await decide(config, parser, [line])
      if (opened.some((address) => address !== ATTACKER)) wrong.push([line, opened])
    }
    expect(wrong).toEqual([])
  })

  it('opens by the honest line beside all of them', async () => {
    const { opened } = await decide(config, parser, [...forged, ...honest, ...forged])
    expect([...new Set(opened)].filter((address) => address !== ATTACKER)).toEqual([HONEST])
  })
})

it.each(FORGED_FOR_GOOD)('is forged for good, so never follow it for a door that matters: $why', async ({ parser, line }) => {
  expect((await decide(PACKETS, parser, [line])).opened).toEqual([LIAR])
})

it.each(WEB_FORGED_FOR_GOOD)('is forged for good: $why', async ({ parser, lines }) => {
  expect((await decide(WEB, parser, lines)).opened).toContain(LIAR)
})
