import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { targetsOf } from './support/helper-process.ts'
import { usePfHelper } from './support/pf-helper.ts'
import { run } from './support/run.ts'

/** What a helper serves and refuses, when it starts, and when it does not. */

const helping = await usePfHelper()
const { config, folder, none, otherConfig, output, pfctl, slow, ssh, start, text } = helping

describe('a helper serves', () => {
  it('adds, renews, lists, checks, kills and removes', async () => {
    const helper = await start()
    expect(helper.lines).toEqual(['- ready 4'])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['foreign'])
    expect(await helper.ask(`renew ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`list ${ssh}`)).toEqual(['entry 192.0.2.2 - unmarked', 'done'])
    pfctl.put('tables', '')
    expect(await helper.ask(`check ${ssh}`)).toEqual([expect.stringMatching(/^finding error "there is no table <knocktail>/), 'done'])
    pfctl.put('states', '')
    expect(await helper.ask(`kill ${ssh} 192.0.2.2`)).toEqual(['done'])
    expect(await helper.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['done'])
    expect(pfctl.held()).toEqual([])
  })

  it('what arrives together in one command', async () => {
    const helper = await start()
    const addresses = Array.from({ length: 100 }, (_, index) => `198.51.100.${index}`)
    helper.write(addresses.map((address, index) => `${index + 1} add ${ssh} ${address} 60\n`).join(''))
    await eventually(() => expect(helper.lines.filter((line) => line.endsWith(' done'))).toHaveLength(100))
    expect(pfctl.calls().map((call) => call.split(' ').slice(0, 5).join(' '))).toEqual(['-q -t knocktail -T show', '-q -t knocktail -T add'])
    expect(pfctl.held()).toEqual(addresses)
  })

  it('in the order asked for at one target, and others meanwhile', async () => {
    const helper = await start()
    helper.write(`1 add ${slow} 192.0.2.2 60\n2 remove ${slow} 192.0.2.2\n3 add ${slow} 192.0.2.3 60\n4 add ${ssh} 192.0.2.2 60\n`)
    await eventually(() => expect(helper.lines).toHaveLength(5))
    expect(helper.lines).toEqual(['- ready 4', '4 done', '1 done', '2 done', '3 done'])
    expect(output()).toBe('start 192.0.2.2\nstop 192.0.2.2\nstart 192.0.2.3\n')
  })

  it('after the configuration was changed for a wrong one, and for a right one', async () => {
    const path = folder.write('changing.conf', text)
    const helper = await start(path)
    const other = (await targetsOf(otherConfig)).get('ssh')!
    writeFileSync(path, 'nonsense')
    expect(await helper.ask('reload')).toEqual([expect.stringMatching(/^failed ".*changing\.conf:1/)])
    expect(await helper.ask(`add ${ssh} 192.0.2.2 60`)).toEqual(['done'])
    expect(await helper.ask(`add ${other} 192.0.2.3 60`)).toEqual([expect.stringMatching(/^failed/)])
    writeFileSync(path, readFileSync(otherConfig))
    expect(await helper.ask('reload')).toEqual(['done'])
    expect(await helper.ask(`add ${other} 192.0.2.3 60`)).toEqual(['done'])
    expect(await helper.ask(`renew ${ssh} 192.0.2.2 60`)).toEqual(['failed "that target is not in the configuration any more"'])
    expect(await helper.ask(`remove ${ssh} 192.0.2.2`)).toEqual(['done'])
  })
})

describe('a helper refuses', () => {
  const BAD = [
    'add pf.0000000000000000 192.0.2.2 60', `add ${ssh} 192.0.2.2 0`, `add ${ssh} 192.0.2.2 -5`, `add ${ssh} 192.0.2.2 1e3`,
    `add ${ssh} 192.0.2.2`, `add ${ssh} 192.0.2.2 60 60`, `remove ${ssh}`, `list ${ssh} 192.0.2.2`, 'leave now', 'flush', `ADD ${ssh} 192.0.2.2 60`,
    `add ${ssh} 192.0.2.02 60`, `add ${ssh} ::ffff:192.0.2.2 60`, `add ${ssh} 2001:DB8::2 60`, `add ${ssh} 2001:db8:0::2 60`, `add ${ssh} localhost 60`,
    `add ${ssh} 192.0.2.0/24 60`, `add ${ssh} !192.0.2.2 60`, `add ${ssh} fe80::1%lo 60`, `add ${ssh} -F 60`,
    ...['0.0.0.0', '127.0.0.1', '127.8.8.8', '169.254.1.1', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', '::1', 'fe80::1', 'ff02::1', '203.0.113.7']
      .flatMap((address) => [`add ${ssh} ${address} 60`, `renew ${ssh} ${address} 60`]),
    'renew ../../etc/passwd 192.0.2.2 60', `add  ${ssh} 192.0.2.2 60`, `add ${ssh} 192.0.2.2 60 `, `add ${ssh} 192.0.2.2 60\r`,
  ]

  it('what is wrong in any part, and goes on', async () => {
    const helper = await start()
    for (const request of BAD) expect([request, await helper.ask(request)]).toEqual([request, [expect.stringMatching(/^failed "/)]])
    expect(pfctl.calls()).toEqual([])
    expect(await helper.ask(`add ${none} 192.0.2.2 60`)).toEqual(['done'])
  })

  it('what has no ID, and says so', async () => {
    const helper = await start()
    helper.write(`list ${ssh}\n\n0 list ${ssh}\n01 list ${ssh}\n\xff\n`)
    await eventually(() => expect(helper.lines.slice(1)).toEqual(Array.from({ length: 5 }, () => '0 failed "it is no request"')))
  })

  it('to go on after a line that is too long', async () => {
    const helper = await start()
    helper.write(`1 add ${ssh} 192.0.2.2 60\n${'x'.repeat(600)}`)
    await eventually(() => expect(helper.lines).toContain('1 done'))
    helper.child.kill('SIGTERM')
    expect(await helper.ended).toBe(0)
    expect(pfctl.held()).toEqual([])
  })
})

describe('a helper does not start', () => {
  const refused = async (): Promise<string> => {
    const { code, stderr } = await run(['helper', '-c', config, '--state-dir', helping.stateDir])
    expect(code).toBe(1)
    return stderr
  }

  it('with a folder that is a link', async () => {
    mkdirSync(join(folder.path, 'elsewhere'), { recursive: true, mode: 0o700 })
    mkdirSync(helping.stateDir)
    symlinkSync(join(folder.path, 'elsewhere'), join(helping.stateDir, 'helper'))
    expect(await refused()).toMatch(/helper cannot be used: it is a link/)
  })

  it('with a folder that others may enter', async () => {
    mkdirSync(join(helping.stateDir, 'helper'), { recursive: true, mode: 0o755 })
    expect(await refused()).toMatch(/belongs to others, too/)
  })

  it('with a file that is a link', async () => {
    mkdirSync(join(helping.stateDir, 'helper'), { recursive: true, mode: 0o700 })
    symlinkSync('/etc/hostname', join(helping.stateDir, 'helper', 'targets'))
    expect(await refused()).toMatch(/targets cannot be used/)
  })

  it('without a configuration that can be read', async () => {
    const { code } = await run(['helper', '-c', folder.write('bad.conf', 'nonsense'), '--state-dir', helping.stateDir])
    expect(code).toBe(78)
  })
})
