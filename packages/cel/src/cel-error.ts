/**
 * An evaluation's error. It is CEL's own control flow (`false && error` is false), thrown often; it takes no stack trace, for speed.
 */
export class CelError {
  readonly message: string;
  readonly kind: "evaluation" | "cost" | "internal";

  constructor(message: string, kind: CelError["kind"] = "evaluation") {
    this.message = message;
    this.kind = kind;
  }
}

/** Evaluation cannot go on until a promise has settled; it is then started again, and finds the answer known. */
export class Suspended {
  readonly promise: Promise<unknown>;

  constructor(promise: Promise<unknown>) {
    this.promise = promise;
  }
}

export function costExceeded(): CelError {
  return new CelError("operation cancelled: actual cost limit exceeded", "cost");
}

/** Whether an operator that can do without one of its arguments may go on after this. */
export function isAbsorbable(error: unknown): error is CelError {
  return error instanceof CelError && error.kind === "evaluation";
}
