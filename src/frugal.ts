import { setFlagsFromString } from 'node:v8'

/**
 * V8 is tuned for programs that are busy all the time; a daemon waits. The place for new objects stays as small as it begins, since what a
 * line leaves behind is dead at once, and old ones are collected early: a flood takes half the memory so, and no more of the processor.
 * Loading the daemon's code is not worth the compiler, which takes 10 MB as soon as it is used.
 */
const FRUGAL = ['--semi-space-growth-factor=1', '--no-opt']

/** To be called before the daemon's code is loaded. */
export function startFrugally(): void {
  for (const flag of FRUGAL) setFlagsFromString(flag)
  collectEarly()
}

/** Old objects are collected before they are as many again: less memory for a little more of the processor. */
export function collectEarly(): void {
  setFlagsFromString('--optimize-for-size')
}

/** Later versions compile in more steps, and have no such flag. */
const LAST_WITH_BUDGET = 11

/**
 * For threads that have all cores to do. Each collects by itself: those that would help it had to wait for a core. What is hot is compiled a little later,
 * when what was seen of it stays true: otherwise it is compiled again and again, and that takes a fifth of all the time.
 */
export function shareCores(): void {
  setFlagsFromString('--no-parallel-scavenge')
  if (Number.parseInt(process.versions.v8, 10) <= LAST_WITH_BUDGET) setFlagsFromString('--interrupt-budget=150000')
}

/** From here on what is hot is compiled. */
export function workAtFullSpeed(): void {
  setFlagsFromString('--opt')
}
