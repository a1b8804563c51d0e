import { expect, it } from 'vitest'
import { config } from './support/config.ts'
import { forgeableBy } from '../src/trust.ts'

const why = (follow: string, parser: string): string | undefined =>
  forgeableBy(config(`[knocktail]\n[source s]\nfollow = ${follow}\nparser = ${parser}\nprefix = "k: "\n`).sources[0]!)

it.each(['error.log', 'error_log', 'site-error.log.1'])('a web server\'s %s can be forged by its clients', (name) => {
  expect(why(`file:/nowhere/${name}`, 'clf')).toContain("error log")
})

it('an access log that is only the server\'s cannot, a syslog file can', () => {
  expect(why('file:/nowhere/access.log', 'clf')).toBeUndefined()
  expect(why('file:/nowhere/kern.log', 'kernel')).toContain('syslog file')
})
