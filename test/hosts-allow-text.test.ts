import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { parseAddress } from '../parsers/address.ts'
import { BEGIN, END, readHosts, writeHosts, type AllowLine } from '../src/firewalls/hosts-allow-text.ts'

const lines = (...texts: readonly string[]): AllowLine[] => texts.map((text) => ({ daemons: 'sshd', address: parseAddress(text)! }))
const crowd = (count: number): AllowLine[] => lines(...Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}`))
const block = (...own: readonly string[]): string => [BEGIN, ...own, END, ''].join('\n')

const ADMINS = '# hosts.allow\n\nsshd: 198.51.100.7\nALL: ALL: DENY\n'

describe('the block in hosts.allow', () => {
  it.each([0, 1, 7, 8, 9, 16])('with %i addresses comes back as it was put in, and leaves no trace', (count) => {
    const ours = crowd(count)
    const text = writeHosts({ ours, others: readHosts(ADMINS).others })
    expect(readHosts(text).ours).toEqual(ours)
    expect(text.split('\n').filter((line) => line.startsWith('sshd : '))).toHaveLength(count)
    expect(text).not.toMatch(/^sshd *:\s*$/m)
    expect(writeHosts({ ...readHosts(text), ours: [] })).toBe(ADMINS)
  })

  it('stands above the first rule, below the comments before it', () => {
    expect(writeHosts({ ours: lines('192.0.2.1', '2001:db8::1'), others: readHosts(ADMINS).others }))
      .toBe(`# hosts.allow\n\n${block('sshd : 192.0.2.1', 'sshd : [2001:db8::1]')}sshd: 198.51.100.7\nALL: ALL: DENY\n`)
  })

  it.each<readonly [string, string, string]>([
    ['an empty file', '', block('sshd : 192.0.2.1')],
    ['only comments', '# a\n#b\n', `# a\n#b\n${block('sshd : 192.0.2.1')}`],
    ['a comment without an end', '# a\n#b', `# a\n${block('sshd : 192.0.2.1')}#b`],
    ['a comment that goes on', '# a\n#b \\\nsshd: ALL\nALL: ALL\n', `# a\n#b \\\nsshd: ALL\n${block('sshd : 192.0.2.1')}ALL: ALL\n`],
    ['a comment that goes on into nothing', '# a\n#b \\\n', `# a\n${block('sshd : 192.0.2.1')}#b \\\n`],
    ['a rule that goes on', 'ALL: \\\n192.0.2.9\n', `${block('sshd : 192.0.2.1')}ALL: \\\n192.0.2.9\n`],
    ['a comment that begins with a blank, which is none', '# a\n #b\n', `# a\n${block('sshd : 192.0.2.1')} #b\n`],
    ['a rule without an end', '# a\nALL: ALL', `# a\n${block('sshd : 192.0.2.1')}ALL: ALL`],
    ['lines of Windows', '# a\r\nALL: ALL\r\n', `# a\r\n${block('sshd : 192.0.2.1').replaceAll('\n', '\r\n')}ALL: ALL\r\n`],
  ])('has its place in %s', (_, before, after) => {
    const text = writeHosts({ ours: lines('192.0.2.1'), others: readHosts(before).others })
    expect(text).toBe(after)
    expect(writeHosts({ ours: [], others: readHosts(text).others })).toBe(before)
  })

  it.each<readonly [string, string, readonly string[], string]>([
    ['END is lost', `${BEGIN}\nsshd : 192.0.2.1\nALL: ALL\nsshd : 192.0.2.2\n`, ['192.0.2.1'], 'ALL: ALL\nsshd : 192.0.2.2\n'],
    ['BEGIN is lost', `sshd: 192.0.2.9\nsshd : 192.0.2.1\n${END}\nALL: ALL\n`, ['192.0.2.1'], 'sshd: 192.0.2.9\nALL: ALL\n'],
    ['somebody has written between them', block('sshd : 192.0.2.1', 'ALL: LOCAL', 'sshd : 192.0.2.2'), ['192.0.2.1', '192.0.2.2'], 'ALL: LOCAL\n'],
    ['one of ours was changed', block('sshd : 192.0.2.1', 'sshd: 192.0.2.2', 'sshd : 192.0.2.300'), ['192.0.2.1'], 'sshd: 192.0.2.2\nsshd : 192.0.2.300\n'],
    ['it was copied', `${block('sshd : 192.0.2.1')}ALL: LOCAL\n${block('sshd : 192.0.2.2')}`, ['192.0.2.1', '192.0.2.2'], 'ALL: LOCAL\n'],
    ['only BEGIN is left', `ALL: ALL\n${BEGIN}\n`, [], 'ALL: ALL\n'],
    ['only END is left', `${END}\nALL: ALL\n`, [], 'ALL: ALL\n'],
    ['the line before a block is like ours', `sshd : 192.0.2.9\n${block()}`, [], 'sshd : 192.0.2.9\n'],
    ['it is one of Windows', block('sshd : 192.0.2.1').replaceAll('\n', '\r\n'), ['192.0.2.1'], ''],
  ])('loses nobody\'s line where %s', (_, text, ours, others) => {
    const read = readHosts(text)
    expect(read.ours.map(({ address }) => address)).toEqual(ours)
    expect(read.others.join('')).toBe(others)
  })

  it('keeps lines for other daemons apart', () => {
    const read = readHosts(block('sshd : 192.0.2.1', 'sshd vsftpd : 192.0.2.1', 'in.telnetd : [2001:db8::1]'))
    expect(read.ours.map(({ daemons }) => daemons)).toEqual(['sshd', 'sshd vsftpd', 'in.telnetd'])
  })

  it('never loses a line, whatever is in the file', () => {
    const part = fc.constantFrom(BEGIN, END, 'sshd : 192.0.2.1', 'sshd : [2001:db8::1]', 'ALL: ALL', '# a', '', '# b \\', 'x: \\', ' # c', 'sshd: \u00e9')
    const end = fc.constantFrom('\n', '\r\n', '')
    fc.assert(fc.property(fc.array(fc.tuple(part, end)), fc.integer({ min: 0, max: 9 }), (parts, count) => {
      const text = parts.map(([line, its]) => line + its).join('')
      const read = readHosts(text)
      const others = read.others.join('')
      const isNobodys = (line: string): boolean => [BEGIN, END].includes(line.trimEnd()) || line.startsWith('sshd : ')
      const foreign = (some: string): string[] => some.split(/(?<=\n)/).filter((line) => line !== '' && !isNobodys(line))
      expect(foreign(others)).toEqual(foreign(text))
      expect(readHosts(others).others.join('')).toBe(others)
      const written = writeHosts({ ours: crowd(count), others: read.others })
      expect(readHosts(written)).toEqual({ ours: crowd(count), others: read.others })
    }))
  })
})
