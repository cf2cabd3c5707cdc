/**
 * Failed requests. Every error a client sees is a `Status` with upstream's reason, code and causes;
 * throw a {@link StatusError} anywhere below the request and the server renders it.
 * Source of reasons and texts: apimachinery's api/errors.
 */

import { messageOf } from "./error-message.ts";

/** metav1.StatusCause: one of several things that were wrong. `field` is as {@link FieldError} has it. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** metav1.StatusDetails: what the failure is about, and when to try again. `kind` is mostly the plural of a resource, as upstream has it. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** metav1.Status: how a request ended that gives no object. Every failure is one. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}

/** Why a request failed, in upstream's words for programs. "" is for a failure that has none. */
export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "Unknown"
  | "";

/** The resource a failure is about; `group` is "" for core. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** A request that failed, as its client is told: what is thrown becomes the answer. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(
    code: number,
    reason: StatusReason,
    message: string,
    options: { details?: StatusDetails; cause?: unknown; metadata?: Status["metadata"] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StatusError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: options.metadata ?? {},
      status: "Failure",
      message,
      ...(reason === "" ? {} : { reason }),
      ...(options.details === undefined ? {} : { details: options.details }),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }

  /** The error a Status body received from a server stands for. */
  static fromStatus(status: Status): StatusError {
    const error = new StatusError(status.code, (status.reason ?? "") as StatusReason, status.message ?? "", {
      ...(status.details === undefined ? {} : { details: status.details }),
      ...(status.metadata === undefined ? {} : { metadata: status.metadata }),
    });
    return error;
  }
}

/** `pods`, or `deployments.apps`. */
export function qualified({ group, resource }: ResourceName): string {
  return group === "" ? resource : `${resource}.${group}`;
}

function detailsOf(resource: ResourceName, name: string): StatusDetails {
  return {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    ...(resource.resource === "" ? {} : { kind: resource.resource }),
  };
}

/** 404: there is no such object. */
export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError(404, "NotFound", `${qualified(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

/** 409: there is an object of that name already. */
export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError(409, "AlreadyExists", `${qualified(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  });
}

/** 409: the object is not as the request takes it to be; who reads it anew may try again. */
export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError(409, "Conflict", `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, {
    details: detailsOf(resource, name),
  });
}

/** Upstream's text for a write against an old resourceVersion. */
export const staleObjectMessage =
  "the object has been modified; please apply your changes to the latest version and try again";

/** 403: whoever asks may not, or admission does not let it in. @param resource with `resource` empty the message names nothing */
export function forbidden(resource: ResourceName, name: string, why: string): StatusError {
  const subject =
    resource.resource === "" ? "" : name === "" ? `${qualified(resource)} is ` : `${qualified(resource)} "${name}" is `;
  return new StatusError(403, "Forbidden", `${subject}forbidden: ${why}`, { details: detailsOf(resource, name) });
}

/** 401: nobody knows who asks. */
export function unauthorized(message = "Unauthorized"): StatusError {
  return new StatusError(401, "Unauthorized", message);
}

/** 400: the request cannot be understood. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** A watch or list position that compaction has passed. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

/** 500: what failed is the server's. @param cause told to the client by its message, and kept */
export function internalError(cause: unknown): StatusError {
  const text = messageOf(cause);
  return new StatusError(500, "InternalError", `Internal error occurred: ${text}`, {
    cause,
    details: { causes: [{ message: text }] },
  });
}

/** 429: not now. @param retryAfterSeconds becomes the Retry-After header */
export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError(429, "TooManyRequests", message, { details: { retryAfterSeconds } });
}

/** False for any error that is no {@link StatusError}. */
export function hasReason(error: unknown, reason: StatusReason): boolean {
  return error instanceof StatusError && error.reason === reason;
}

/** 404. */
export const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound");
/** 409, of a create. */
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, "AlreadyExists");
/** 409, of a write to what has changed meanwhile. */
export const isConflict = (error: unknown): boolean => hasReason(error, "Conflict");
/** 410: the version is too old to list or watch from; list anew. */
export const isExpired = (error: unknown): boolean => hasReason(error, "Expired") || hasReason(error, "Gone");
