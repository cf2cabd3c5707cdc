/** What a caught value has to say. Anything may be thrown, so it need not be an Error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
