/** What becomes of a request when a webhook says no, or says nothing. Source: apiserver's util/webhook/error.go and admission/plugin/webhook/errors. */

import { badRequest, messageOf, type Status, StatusError } from "@kubets/apimachinery";

/** The webhook could not be asked, or gave no answer that can be used: its failurePolicy decides. */
export class FailedCall extends Error {
  /** HTTP's, for metrics. */
  readonly code: number;

  constructor(webhook: string, reason: string, code: number, cause?: unknown) {
    super(`failed calling webhook "${webhook}": ${reason}`, cause === undefined ? undefined : { cause });
    this.name = "FailedCall";
    this.code = cause instanceof StatusError ? cause.code : code;
  }
}

/** Errors that are a webhook's own word, and no failure of anything. */
const refusals = new WeakSet<StatusError>();

export function isRefusal(error: unknown): error is StatusError {
  return error instanceof StatusError && refusals.has(error);
}

function refusal(error: StatusError): StatusError {
  refusals.add(error);
  return error;
}

/** The reasons of a {@link FailedCall}, by where it went wrong. */
export const failures = {
  request: (webhook: string, why: string) => new FailedCall(webhook, `could not create admission objects: ${why}`, 400),
  client: (webhook: string, error: unknown) =>
    new FailedCall(webhook, `could not get REST client: ${messageOf(error)}`, 500, error),
  call: (webhook: string, error: unknown) =>
    new FailedCall(webhook, `failed to call webhook: ${messageOf(error)}`, 503, error),
  answer: (webhook: string, why: string) => new FailedCall(webhook, `received invalid webhook response: ${why}`, 503),
  patch: (webhook: string, why: string) =>
    new FailedCall(webhook, `received undecodable patch in webhook response: ${why}`, 503),
} as const;

/** The webhook's refusal, with the code, reason and details it chose. */
export function denied(webhook: string, result: Partial<Status> = {}): StatusError {
  const by = `admission webhook "${webhook}" denied the request`;
  const why = result.message || result.reason;
  return refusal(
    StatusError.fromStatus({
      kind: "Status",
      apiVersion: "v1",
      metadata: result.metadata ?? {},
      status: "Failure",
      message: why ? `${by}: ${why}` : `${by} without explanation`,
      ...(result.reason ? { reason: result.reason } : {}),
      ...(result.details === undefined || result.details === null ? {} : { details: result.details }),
      code: codeOf(result),
    }),
  );
}

/** A refusal is an error, whatever else the webhook calls it. */
function codeOf({ code = 0 }: Partial<Status>): number {
  return code >= 400 && code <= 599 ? code : 400;
}

/** A dry run may not have side effects. */
export function dryRunUnsupported(webhook: string): StatusError {
  return refusal(badRequest(`admission webhook "${webhook}" does not support dry run`));
}
