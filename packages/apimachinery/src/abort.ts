/**
 * Resolves when `signal` aborts, at once when it has; never rejects. For the end of a component's life, once per signal:
 * the listener stays until then, so a loop must not make one per turn.
 */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
