/** What an etcd answers when it does not do what it was asked to. */

import { StoreUnavailableError } from "../store.ts";
import type { CallFailure } from "./http2-calls.ts";

const names: Readonly<Record<number, string>> = {
  1: "CANCELLED",
  2: "UNKNOWN",
  3: "INVALID_ARGUMENT",
  4: "DEADLINE_EXCEEDED",
  5: "NOT_FOUND",
  7: "PERMISSION_DENIED",
  8: "RESOURCE_EXHAUSTED",
  9: "FAILED_PRECONDITION",
  11: "OUT_OF_RANGE",
  12: "UNIMPLEMENTED",
  13: "INTERNAL",
  14: "UNAVAILABLE",
  16: "UNAUTHENTICATED",
};

/** These say nothing of the request: another member, or the same one later, may do it. Of a write they do not say whether it was done. */
const passing = new Set(["CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE"]);

export class EtcdError extends Error {
  /** gRPC's name of the status, as "UNAVAILABLE". */
  readonly code: string;
  /** The server's own words. */
  readonly details: string;

  constructor(method: string, endpoint: string, failure: CallFailure) {
    const { details } = failure;
    const code = names[failure.code] ?? "UNKNOWN";
    super(`${method} at ${endpoint}: ${code}: ${details}`);
    this.name = "EtcdError";
    this.code = code;
    this.details = details;
  }

  get isPassing(): boolean {
    return passing.has(this.code);
  }

  get isCompacted(): boolean {
    return this.code === "OUT_OF_RANGE" && this.details.includes("has been compacted");
  }
}

/** As the store's callers are told of it. */
export function storeError(error: unknown): Error {
  if (!(error instanceof EtcdError)) return error as Error;
  if (error.details.includes("database space exceeded")) {
    const message =
      "etcd: mvcc: database space exceeded; compact and defragment it, raise its quota, then disarm the alarm";
    return new StoreUnavailableError(message, { cause: error });
  }
  return error.isPassing ? new StoreUnavailableError(`etcd: ${error.details}`, { cause: error }) : error;
}
