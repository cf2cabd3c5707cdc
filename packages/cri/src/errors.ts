/** Why a call to the container runtime failed. */

/** gRPC status codes by number, as the gRPC specification names them. */
export const grpcCodes = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"],
  ...["INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
] as const;

export type GrpcCode = (typeof grpcCodes)[number];

/** A call that the runtime, or the connection to it, refused. `message` is upstream's wording: `rpc error: code = NotFound desc = ...`. */
export class CriError extends Error {
  override readonly name = "CriError";
  readonly code: GrpcCode;
  /** The runtime's own words. */
  readonly details: string;
  /** The method called: `RunPodSandbox`. */
  readonly method: string;

  constructor(method: string, code: GrpcCode, details: string, cause?: unknown) {
    super(`rpc error: code = ${goCodeName(code)} desc = ${details}`, { cause });
    this.method = method;
    this.code = code;
    this.details = details;
  }
}

/** True when the runtime does not know the sandbox, container or image asked about. */
export function isNotFound(error: unknown): error is CriError {
  return error instanceof CriError && error.code === "NOT_FOUND";
}

/** True when the runtime does not have the method at all. */
export function isUnimplemented(error: unknown): error is CriError {
  return error instanceof CriError && error.code === "UNIMPLEMENTED";
}

/** `DEADLINE_EXCEEDED` as Go's gRPC prints it, `DeadlineExceeded`: the form kubelet events and statuses show. */
function goCodeName(code: GrpcCode): string {
  if (code === "OK") return "OK";
  if (code === "CANCELLED") return "Canceled";
  return code.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
