import { afterEach, beforeAll, expect, it } from 'vitest'
import { doorConfig, knock, KNOCKS, loadRules, useNamespaceLog } from '../support/door.ts'
import { LiveDaemon } from '../support/live.ts'
import { addressOf, useNetns } from '../support/netns.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** The whole way: real packets, the kernel's own log, the real daemon and helper, the real firewall, a client that tries the door. */

const HOSTS = 20
const TOOLS = ['ip', 'nft', 'nc', 'cat']

systemTest(TOOLS)('kmsg and nftables', () => {
  useNamespaceLog()
  const netns = useNetns()
  const folder = useFolder()
  const prefix = `kt${process.pid}d: `
  let daemon: LiveDaemon

  beforeAll(async () => {
    await loadRules(netns, prefix)
    await netns.listen(22)
    for (let host = 11; host < 11 + HOSTS; host++) await netns.addClient(`192.0.2.${host}`)
    await netns.addClient('2001:db8::11')
  })

  afterEach(() => daemon.stop())

  async function start(config = doorConfig({ prefix })): Promise<void> {
    daemon = new LiveDaemon(netns, { folder: folder.path, config })
    await daemon.until('started')
    await daemon.until('source-running')
  }

  it('opens for 100 sequences from 20 addresses, and closes each on time', async () => {
    await start(doorConfig({ prefix, openFor: '2s' }))
    const hosts = Array.from({ length: HOSTS }, (_, index) => `192.0.2.${11 + index}`)
    for (let round = 1; round <= 100 / HOSTS; round++) {
      const tries = (): Promise<boolean[]> => Promise.all(hosts.map((host) => netns.canConnect(22, 4, host)))
      expect(await tries(), `before, round ${round}`).toEqual(hosts.map(() => false))
      await Promise.all(hosts.map((host) => knock(netns, host)))
      await daemon.until('opened', round * HOSTS)
      expect(await tries(), `during, round ${round}`).toEqual(hosts.map(() => true))
      await daemon.until('closed', round * HOSTS)
      expect(await tries(), `after, round ${round}`).toEqual(hosts.map(() => false))
    }
    expect(daemon.named('open').length).toBe(100)
    expect(daemon.named('close').length).toBe(100)
    for (const { address, time } of daemon.named('closed')) {
      const close = daemon.named('close').findLast((record) => record['address'] === address && String(record['at']) <= String(time))!
      const lateMs = Date.parse(String(time)) - Date.parse(String(close['at']))
      expect(lateMs, `closed ${String(address)}`).toBeLessThan(1000)
    }
  }, 120_000)

  it('knows IPv6, a second family beside the first', async () => {
    await start()
    await knock(netns, '2001:db8::11')
    await daemon.until('opened')
    expect(await netns.canConnect(22, 6, '2001:db8::11')).toBe(true)
    expect(await netns.canConnect(22, 6, addressOf('client', 6))).toBe(false)
    expect(await netns.canConnect(22, 4)).toBe(false)
  })

  it.each([
    ['knock', (ports: readonly number[]) => ['knock', addressOf('server', 4), ...ports.map(String)]],
    ['nmap, one port a call', (ports: readonly number[]) => ['sh', '-c', ports.map((port) => `nmap -Pn -n --host-timeout 201 --max-retries 0 -p ${port} ${addressOf('server', 4)}`).join('; ')]],
    ['a browser that sends each twice', (ports: readonly number[]) => ['sh', '-c', ports.map((port) => `nc -z -w1 ${addressOf('server', 4)} ${port} & nc -z -w1 ${addressOf('server', 4)} ${port}; wait`).join('; ')]],
  ])('opens for %s', async (_, client) => {
    await start()
    await netns.inClient(client(KNOCKS))
    await daemon.until('opened')
    expect(await netns.canConnect(22)).toBe(true)
    expect(daemon.named('opened').length).toBe(1)
  })

  it('opens for nobody who knocks in the wrong order, slowly enough to mean it', async () => {
    await start()
    const [first, second, third] = KNOCKS
    for (const port of [first, third, second]) {
      await knock(netns, '192.0.2.11', [port])
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    await daemon.until('failure')
    expect(await netns.canConnect(22, 4, '192.0.2.11')).toBe(false)
    expect(daemon.named('open')).toEqual([])
  })

  it('takes nothing that user space writes into the kernel log for a knock', async () => {
    await start()
    const line = (port: number): string => `<4>${prefix}IN=veth0 OUT= MAC= SRC=192.0.2.11 DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=4${port % 1000} DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `
    // Facility 0 cannot be written from user space: the kernel makes it facility 1.
    await netns.serve(['sh', '-c', KNOCKS.map((port) => `echo '${line(port)}' > /dev/kmsg`).join('; ')])
    await knock(netns, '192.0.2.12')
    await daemon.until('opened')
    expect(daemon.named('open').map((record) => record['address'])).toEqual(['192.0.2.12'])
  })
})
