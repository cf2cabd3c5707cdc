/** Headers that may be given more than once, value by value. */

import type { Credentials } from "./authenticator.ts";

export type HeaderSource = Pick<Credentials, "headers" | "rawHeaders">;

/**
 * All values of a header, in order. Never splits one at its commas, as node:http's joined form would have to: a group's name may have one in it.
 * @param name in lower case
 */
export function headerValues({ headers, rawHeaders }: HeaderSource, name: string): string[] {
  const joined = headers[name];
  if (joined === undefined) return [];
  if (rawHeaders === undefined || typeof joined !== "string") return [joined].flat();
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.toLowerCase() === name) values.push(rawHeaders[i + 1]!);
  return values;
}

/** The first value, "" without one: Go's `Header.Get`. */
export function firstHeader(source: HeaderSource, name: string): string {
  return headerValues(source, name)[0] ?? "";
}

/** Values of all headers whose name begins so, by what follows, which is percent-decoded. @param prefix in lower case */
export function extraHeaders(source: HeaderSource, prefix: string): Map<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const name of Object.keys(source.headers)) {
    if (!name.startsWith(prefix)) continue;
    const key = unescapeKey(name.slice(prefix.length));
    extra.set(key, [...(extra.get(key) ?? []), ...headerValues(source, name)]);
  }
  return extra;
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // Malformed escapes are kept as they came, as upstream does.
  }
}
