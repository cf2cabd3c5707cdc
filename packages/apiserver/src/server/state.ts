/** How far a server is in its life. Its parts look at it; only the server itself moves it on. */

export class ServerState {
  /** Resolves when everything the server needs first is there. */
  readonly ready: Promise<void>;
  #markReady!: () => void;
  #isReady = false;
  #isStopping = false;
  #awaitsPaths = false;
  readonly #stopped = new AbortController();
  /** What is listened on, once it is. */
  port: number | undefined;

  constructor() {
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Told to stop: it may go on serving for a while, but should be given nothing new. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Aborts when what the server does is to end. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Something is still to come that may answer for a path that nothing answers for: custom resources, other servers. */
  get awaitsPaths(): boolean {
    return this.#awaitsPaths;
  }

  nowBeginning(): void {
    this.#awaitsPaths = true;
  }

  nowComplete(): void {
    this.#awaitsPaths = false;
  }

  nowReady(): void {
    this.#isReady = true;
    this.#markReady();
  }

  nowStopping(): void {
    this.#isStopping = true;
  }

  nowStopped(): void {
    this.#stopped.abort();
  }

  /** Nothing of it runs any more. */
  nowEnded(): void {
    this.nowStopped();
    this.#isReady = false;
  }
}
