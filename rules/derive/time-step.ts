import { SECOND, type Micros } from '../../parsers/time.ts'

/** RFC 6238, section 4.2: the usual time step. */
const STEP_SECONDS = 30

/** A client's clock may be off by so many steps, either way. */
const DRIFT_STEPS = 1

/** How many time steps are good at a time. */
export const STEPS_AT_A_TIME = 2 * DRIFT_STEPS + 1

/** The time step in which that instant lies, counted from 1970 (RFC 6238, section 4.2: T0 is 0). */
export function timeStepAt(time: Micros): number {
  return Math.floor(time / (STEP_SECONDS * SECOND))
}

/** The time steps whose knocks are good at that instant, the earliest first. */
export function timeStepsAt(time: Micros): number[] {
  return timeStepsAround(timeStepAt(time))
}

/** None before 1970: stamps that count from the start of a machine lie about there in replay. */
export function timeStepsAround(timeStep: number): number[] {
  return Array.from({ length: STEPS_AT_A_TIME }, (_, index) => timeStep - DRIFT_STEPS + index).filter((one) => one >= 0)
}

/** The last step that may be in use at that instant: by a client whose clock is ahead. */
export function lastTimeStepAt(time: Micros): number {
  return timeStepAt(time) + DRIFT_STEPS
}

/** When a time step begins. */
export function startOfTimeStep(timeStep: number): Micros {
  return (timeStep * STEP_SECONDS * SECOND) as Micros
}
