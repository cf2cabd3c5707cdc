/** What a store throws, as an answer. */

import { StatusError } from "@kubets/apimachinery";
import { FutureRevisionError, StoreUnavailableError } from "@kubets/storage";

/** A store that cannot write answers 503, with its own sentence; one that is asked for the future 504; everything else is left as it is. */
export function interpretStoreError(error: unknown): unknown {
  if (error instanceof FutureRevisionError) return tooLargeVersion(error);
  if (!(error instanceof StoreUnavailableError)) return error;
  return new StatusError(503, "ServiceUnavailable", error.message, { cause: error, details: { retryAfterSeconds: 5 } });
}

function tooLargeVersion({ asked, revision }: FutureRevisionError): StatusError {
  return new StatusError(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${revision}`, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}
