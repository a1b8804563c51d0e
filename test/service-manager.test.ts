import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { serviceManager } from '../src/daemon/service-manager.ts'
import type { Command, Ran } from '../src/firewalls/run.ts'
import type { LogEvent } from '../src/log/event.ts'

const ENDED: Ran = { code: 0, stdout: '', stderr: '', timedOut: false }
const SOCKET = '/run/notify'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A manager's side that is only written down; systemd-notify ends as it is told to. */
function model(environment: Record<string, string> = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '3000000' }, ran: Ran = ENDED) {
  const [commands, told]: [Command[], LogEvent[]] = [[], []]
  const state = { moves: (): Promise<boolean> => Promise.resolve(true), status: 'fine' }
  const run = async (command: Command): Promise<Ran> => {
    commands.push(command)
    return ran
  }
  const log = { write: (event: LogEvent) => void told.push(event), reopen: () => {}, end: () => {} }
  const manager = serviceManager(environment, {
    log, tools: { run, find: (program) => `/usr/bin/${program}` }, moves: () => state.moves(), status: () => state.status,
  })
  return { manager, commands, told, state, said: () => commands.map(({ args }) => args.join(' ')) }
}

it('without a manager there is none; what it said is for this process alone', () => {
  expect(model({}).manager).toBeUndefined()
  const environment = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '1', WATCHDOG_PID: '1', HOME: '/' }
  expect(model(environment).manager).toBeDefined()
  expect(environment).toEqual({ HOME: '/' })
})

it.each([[{ WATCHDOG_USEC: '3000000' }, 3], [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: String(process.pid) }, 3], [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' }, 0], [{}, 0], [{ WATCHDOG_USEC: 'soon' }, 0]])(
  'a watchdog as %o hears of us %d times in its time', async (environment, pings) => {
    const { manager, said, commands } = model({ NOTIFY_SOCKET: SOCKET, ...environment } as Record<string, string>)
    manager?.ready()
    await vi.advanceTimersByTimeAsync(3000)
    expect(said()).toEqual(['READY=1 STATUS=fine', ...Array<string>(pings).fill('WATCHDOG=1')])
    expect(commands[0]).toMatchObject({ program: '/usr/bin/systemd-notify', env: { NOTIFY_SOCKET: SOCKET }, onTimeLimit: 'group' })
  })

it('says nothing while what is written or asked does not come back, and goes on when it does', async () => {
  const { manager, said, state, told } = model()
  let comeBack: (moves: boolean) => void = () => {}
  manager?.ready()
  await vi.advanceTimersByTimeAsync(1000)
  state.moves = () => new Promise((resolve) => (comeBack = resolve))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(said()).toEqual(['READY=1 STATUS=fine', 'WATCHDOG=1'])
  state.moves = () => Promise.resolve(true)
  comeBack(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(said()).toHaveLength(3)
  expect(told.map(({ event }) => event)).toEqual(['stuck'])
})

it('tells a status once, and that it stops; then no more', async () => {
  const { manager, said, state } = model({ NOTIFY_SOCKET: SOCKET })
  manager?.ready()
  state.status = 'a\u001bb'
  await vi.advanceTimersByTimeAsync(60_000)
  manager?.stopping()
  await vi.advanceTimersByTimeAsync(60_000)
  await manager?.idle()
  expect(said()).toEqual(['READY=1 STATUS=fine', 'STATUS=a\\x1bb', 'STOPPING=1 STATUS=stopping'])
})

it('that cannot be told anything is no reason to end, and is told of once', async () => {
  const { manager, told } = model(undefined, { ...ENDED, code: 1, stderr: 'no socket\n' })
  manager?.ready()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(told.map(({ event, text }) => [event, text])).toEqual([['notify-failed', 'the service manager cannot be told how we are: systemd-notify: no socket']])
})
