/**
 * Adds all of `more` at the end of `list`. What `list.push(...more)` does, for a `more` of any length: a spread argument takes its place on the stack,
 * and about 100,000 of them, such as one field error for each line of a hostile request, overflow it.
 */
export function pushAll<T>(list: T[], more: Iterable<T>): void {
  for (const each of more) list.push(each);
}
