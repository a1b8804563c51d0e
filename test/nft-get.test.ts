import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readElements } from '../src/firewalls/nft-get.ts'

/** What nft 1.0.6 prints of elements that it was asked for. */

const printed = (elements: string): string => `table inet filter {
	set knock4 {
		type ipv4_addr . inet_proto . inet_service
		flags timeout
		elements = { ${elements} }
	}
}
`

it('tells ours from others\', whatever else stands with an element', () => {
  const text = printed('10.0.0.5 timeout 10m expires 9m59s568ms comment "knocktail ssh", 10.0.0.6, 10.0.0.7 . tcp . 22 expires 1s comment "knocktail",\n\t\t\t 2001:db8::7 counter packets 0 bytes 0 comment "knocktailor"')
  expect([...readElements(text)]).toEqual([['10.0.0.5', 'ours'], ['10.0.0.6', 'foreign'], ['10.0.0.7', 'ours'], ['2001:db8::7', 'foreign']])
})

it('takes no element for one where there is none', () => {
  expect(readElements('').size).toBe(0)
  expect(readElements('Error: Could not process rule: No such file or directory\nget element inet filter knock4 { 10.0.0.1 }\n').size).toBe(0)
  expect([...readElements(printed('10.0.0.0/24 timeout 10m comment "knocktail ssh"'))]).toEqual([])
})

it('is not misled by what somebody else wrote into a comment', () => {
  fc.assert(fc.property(fc.array(fc.string().map((text) => text.replaceAll(/["\n]/g, ''))), (comments) => {
    const text = printed(comments.map((comment, index) => `10.0.0.${index} expires 1s comment "x${comment}"`).join(', '))
    expect([...readElements(text)]).toEqual(comments.map((_, index) => [`10.0.0.${index}`, 'foreign']))
  }))
})
