import { chmodSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadDialect } from '../src/plug-in.ts'
import { run, useFolder } from './support/run.ts'

const folder = useFolder()

const PLUG_IN = `export default {
  name: 'mine', title: 'A log of mine', envelopes: ['bare'],
  message: (text, at, stamp) => {
    const [, src, dport] = /^([0-9.]+) ([0-9]+)$/.exec(text) ?? []
    if (src === undefined) return 'not-this-dialect'
    return { stamp, fields: { kind: 'packet', proto: 'udp', src, dst: '192.0.2.9', dport: Number(dport), dir: 'in' } }
  },
}
`

describe('a parser of your own', () => {
  it('is loaded by its path, and reads a log', async () => {
    const parser = folder.write('mine.mjs', PLUG_IN)
    const log = folder.write('mine.log', '192.0.2.1 7000\nnonsense\n')
    const { code, stdout } = await run(['parse', '--parser', parser, '--json', log])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ proto: 'udp', src: '192.0.2.1', dport: 7000, parser: 'mine' })
  })

  it.each([
    ['export default { name: "mine" }', 'title'],
    ['export default 3', 'its default export'],
    ['export default { name: "Mine!", title: "", envelopes: ["bare"], message() {} }', 'name'],
    ['export default { name: "mine", title: "", envelopes: ["letter"], message() {} }', 'envelopes'],
    ['this is no module', 'cannot be loaded'],
  ])('that is none is refused: %s', async (text, why) => {
    const path = folder.write(`bad-${Math.random().toString(36).slice(2)}.mjs`, text)
    await expect(loadDialect(path)).rejects.toThrow(why)
  })

  it('is code, so nobody else may have written it', async () => {
    const path = folder.write('loose.mjs', PLUG_IN)
    chmodSync(path, 0o666)
    await expect(loadDialect(path)).rejects.toThrow(`chmod go-w ${path}`)
  })
})
