/** An answer that is not 200, in the kubelet's plain text. */
export class HttpError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "HttpError";
    this.code = code;
  }
}
