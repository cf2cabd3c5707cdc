/** A patch that cannot be applied. `code` is the HTTP status upstream answers with. */
export class PatchError extends Error {
  override readonly name = "PatchError";
  readonly code: 400 | 413 | 422 | 500;

  constructor(code: 400 | 413 | 422 | 500, message: string) {
    super(message);
    this.code = code;
  }
}
