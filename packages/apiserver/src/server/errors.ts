/** Anything thrown, as an answer. */

import { internalError, type Logger, StatusError } from "@kubets/apimachinery";
import { interpretStoreError } from "../registry/store-errors.ts";
import type { Answer } from "../request/request.ts";

/** @param unexpected is told of what no client is to blame for */
export function answerOf(
  thrown: unknown,
  logger: Logger,
  about: { method: string; path: string },
  unexpected?: (error: unknown) => void,
): Answer {
  const error = interpretStoreError(thrown);
  if (error instanceof StatusError) return statusAnswer(error);
  if (isAbort(error))
    return statusAnswer(new StatusError(504, "Timeout", "the request was ended before it was answered"));
  logger.error("a request failed unexpectedly", { ...about, err: error });
  unexpected?.(error);
  return statusAnswer(internalError(error));
}

function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The latter is Node's for a body whose connection broke: the client's doing, and no news.
  return error.name === "AbortError" || (error.message === "aborted" && "code" in error && error.code === "ECONNRESET");
}

/** The router's own, which knows no kinds. */
export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError(405, "MethodNotAllowed", message, { details: {} });
}

function statusAnswer({ status }: StatusError): Answer {
  const retryAfter = status.details?.retryAfterSeconds;
  return {
    status: status.code,
    content: { type: "value", value: status },
    ...(retryAfter === undefined || retryAfter === 0 ? {} : { headers: { "retry-after": String(retryAfter) } }),
  };
}
