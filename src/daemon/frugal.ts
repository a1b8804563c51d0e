import { setFlagsFromString } from 'node:v8'

/**
 * V8 is tuned for programs that are busy all the time. A daemon that waits does with less: to be called before its code is loaded. The place for
 * new objects stays as small as it begins, since what a line leaves behind is dead at once; it would grow to 48 MB in a flood. And what
 * runs only while the daemon starts is not worth the compiler, which takes 10 MB as soon as it is used.
 */
export function startFrugally(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--no-opt')
}

/** From here on what is hot is compiled. */
export function workAtFullSpeed(): void {
  setFlagsFromString('--opt')
}
