import { cpuSecondsOf, familyOf, memoryOf } from './processes.mjs'

const LOOK_MS = 1000

/** What a process and all that it has started take, from now on. */
export class Watched {
  #pid
  #begun = performance.now()
  #cpuBefore
  #pss = 0
  #timer

  constructor(pid) {
    this.#pid = pid
    this.#cpuBefore = this.#sum(cpuSecondsOf)
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  /** `core`: share of one. In MB `peaks`: the most that each process ever had, summed up; `pss`: the most that all had when they were looked at. */
  stop() {
    clearInterval(this.#timer)
    this.#look()
    const seconds = (performance.now() - this.#begun) / 1000
    return { core: (this.#sum(cpuSecondsOf) - this.#cpuBefore) / seconds, peaks: this.#sum((pid) => memoryOf(pid).peak), pss: this.#pss }
  }

  #look() {
    this.#pss = Math.max(this.#pss, this.#sum((pid) => memoryOf(pid).pss))
  }

  #sum(of) {
    return familyOf(this.#pid).reduce((sum, pid) => sum + of(pid), 0)
  }
}
