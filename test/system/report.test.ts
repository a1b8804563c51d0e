import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Digesting } from '../../src/report/digest.ts'
import { reportPage } from '../../src/report/page.ts'
import { findProgram } from '../../src/firewalls/run.ts'
import { useFolder } from '../support/run.ts'
import { systemTest } from '../support/system.ts'

/** The report in a real browser, with text in it that an attacker might have written. */

const EVIL = '</td><script>document.title = "owned"</script><img src=x onerror="document.title=\'owned\'"><style>* { display: none }</style>"\'><a href="javascript:0">\u202egpj.exe'

/** The colours of src/report/style.ts, which a screenshot must show. */
const OPEN = { light: [0x2f, 0x7d, 0x4f], dark: [0x5c, 0xb8, 0x84] } as const
const PAPER = { light: [0xfb, 0xfa, 0xf7], dark: [0x16, 0x18, 0x1c] } as const

systemTest(['chromium'])('the report in a browser', () => {
  const folder = useFolder()
  let browser: Browser
  let url: string

  beforeAll(async () => {
    const digesting = new Digesting()
    const at = (second: number): string => new Date(Date.UTC(2026, 6, 4, 12, 0, second)).toISOString()
    digesting.read({ time: at(0), event: 'open', rule: 'ssh', address: '2001:db8:1234:5678:9abc:def0:1234:5678', user: 'alice', until: at(30) })
    digesting.read({ time: at(3), event: 'failure', rule: 'web', address: '192.0.2.7', step: 2, steps: 3, text: `web: 192.0.2.7 failed at step 2 of 3: ${EVIL} came instead` })
    digesting.read({ time: at(5), event: 'scanner', address: '192.0.2.8', text: 'touched 100 ports' })
    digesting.read({ time: at(9), event: 'source-lost', text: EVIL })
    digesting.read({ time: at(20), event: 'close', rule: 'ssh', address: '2001:db8:1234:5678:9abc:def0:1234:5678', user: 'alice' })
    url = pathToFileURL(folder.write('report.html', reportPage(digesting.finish(), EVIL))).href
    browser = await chromium.launch({
      executablePath: findProgram('chromium')!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    })
  }, 60_000)
  afterAll(() => browser.close())

  interface Opened { readonly page: Page; readonly requests: string[]; readonly complaints: string[] }

  async function open(colorScheme: 'light' | 'dark', width: number): Promise<Opened> {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
    const opened: Opened = { page, requests: [], complaints: [] }
    page.on('request', (request) => opened.requests.push(request.url()))
    page.on('console', (message) => opened.complaints.push(message.text()))
    page.on('pageerror', (error) => opened.complaints.push(error.message))
    await page.goto(url)
    return opened
  }

  describe.each([['light', 1100], ['dark', 1100], ['light', 390], ['dark', 390]] as const)('%s, %d wide', (colorScheme, width) => {
    it('fetches nothing, runs nothing, and shows attacker\'s text as text', async () => {
      const { page, requests, complaints } = await open(colorScheme, width)
      expect(requests).toEqual([url])
      expect(complaints).toEqual([])
      expect(await page.title()).toContain('<script>')
      expect(await page.locator('script, img, a').count()).toBe(0)
      expect(await page.locator('body').innerText()).toContain('document.title = "owned"')
      expect(await page.locator('body').innerText()).not.toContain('\u202e')
      await page.close()
    })

    it('is as wide as the window, with the door, the failure and the scan to be seen', async () => {
      const { page } = await open(colorScheme, width)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      for (const text of ['Who came in', 'Near misses', 'Scans', 'alice', 'touched 100 ports']) expect(await page.locator('h2, td', { hasText: text }).first().isVisible(), text).toBe(true)
      const { data } = PNG.sync.read(await page.screenshot({ fullPage: true }))
      expect(pixelsOf(data, PAPER[colorScheme])).toBeGreaterThan(50_000)
      // The bar of a door that stood open for all of the time.
      expect(pixelsOf(data, OPEN[colorScheme])).toBeGreaterThan(width === 390 ? 300 : 3000)
      await page.close()
    })
  })
})

function pixelsOf(data: Buffer, [red, green, blue]: readonly number[]): number {
  let count = 0
  for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++
  return count
}
