/** The parts a cluster is made of, and what each is given. */

/**
 * A long-running part: API server, scheduler, a node's kubelet.
 * After `signal` aborts, `start` settles within the component's grace period and nothing of it is left: no timer, socket or child process.
 */
export interface Component {
  readonly name: string;
  /** Runs until `signal` aborts. Rejects if the component could not start or can no longer work; the error says what to do. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when the component first does its work. Never rejects: a failure to start is `start`'s to report. */
  readonly ready: Promise<void>;
  /** Healthy now, or why not. */
  healthz(): Health;
}

/** An answer to a health check: `reason` is a phrase for operators. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * Structured logging: a constant message and key/values (`kind`, `namespace`, `name`, `reconcileID`, `err`).
 * Never pass secrets, tokens, keys or whole objects that may hold them.
 */
export interface Logger {
  debug(message: string, values?: LogValues): void;
  info(message: string, values?: LogValues): void;
  warn(message: string, values?: LogValues): void;
  error(message: string, values?: LogValues): void;
  /** A logger that adds `values` to every line. */
  child(values: LogValues): Logger;
}

/** What a line of the log is about, beside its message. An error goes under `err`. */
export type LogValues = Readonly<Record<string, unknown>>;

/** Logs nothing; the default in tests and in the library. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
