const LIMIT_MS = 15_000
const STEP_MS = 25

/** Tries until it does not throw; after the time limit it throws what was thrown last. */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}
