/** A container that could not be started, in the words that its status will show while it waits. */
export class StartError extends Error {
  /** `ErrImagePull`, `CrashLoopBackOff`, `CreateContainerConfigError`: `state.waiting.reason`. */
  readonly reason: string;
  /** Milliseconds after which to try again; undefined leaves it to the general back-off. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "StartError";
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
