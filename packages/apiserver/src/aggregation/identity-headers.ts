/** Who the user is, as the front proxy tells an aggregated API server. Source: client-go's transport.SetAuthProxyHeaders. */

import type { UserInfo } from "../authentication/authenticator.ts";

const usernameHeader = "X-Remote-User";
const uidHeader = "X-Remote-Uid";
const groupHeader = "X-Remote-Group";
const extraHeaderPrefix = "X-Remote-Extra-";

export type Headers = Record<string, string | readonly string[]>;

export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Headers {
  const headers: Headers = { [usernameHeader]: name };
  if (uid !== undefined && uid !== "") headers[uidHeader] = uid;
  if (groups.length > 0) headers[groupHeader] = [...groups];
  for (const [key, values] of Object.entries(extra)) headers[`${extraHeaderPrefix}${escapedKey(key)}`] = [...values];
  return headers;
}

/** Whether only the front proxy may send a header of this name. */
export function isIdentityHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    lower === "x-remote-user" ||
    lower === "x-remote-uid" ||
    lower === "x-remote-group" ||
    lower.startsWith("x-remote-extra-")
  );
}

/** Names of headers by which aggregated servers are told to know users, in any case. */
export interface IdentityHeaderNames {
  readonly usernameHeaders?: readonly string[];
  readonly uidHeaders?: readonly string[];
  readonly groupHeaders?: readonly string[];
  readonly extraHeaderPrefixes?: readonly string[];
}

/** As {@link isIdentityHeader}, for headers of these names too: an aggregated server would believe them. */
export function identityHeaderTest(names: IdentityHeaderNames): (name: string) => boolean {
  const { usernameHeaders = [], uidHeaders = [], groupHeaders = [], extraHeaderPrefixes = [] } = names;
  const whole = new Set([...usernameHeaders, ...uidHeaders, ...groupHeaders].map((name) => name.toLowerCase()));
  const prefixes = extraHeaderPrefixes.map((prefix) => prefix.toLowerCase());
  return (name) => {
    const lower = name.toLowerCase();
    return isIdentityHeader(lower) || whole.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix));
  };
}

/** What a header's name may not hold is percent-encoded, as is the percent sign. */
function escapedKey(key: string): string {
  let escaped = "";
  for (const byte of Buffer.from(key)) {
    const character = String.fromCharCode(byte);
    if (/[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(character)) escaped += character;
    else escaped += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}
