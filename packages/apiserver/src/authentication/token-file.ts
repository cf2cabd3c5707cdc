/** `--token-auth-file`: CSV lines `token,user name,user uid[,"group1,group2"]`. Source: apiserver's token/tokenfile. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { UserInfo } from "./authenticator.ts";
import type { TokenAuthenticator } from "./token.ts";

/**
 * @param path only for messages
 * @param warn told of empty and repeated tokens, which upstream tolerates
 * @throws Error naming the line that cannot be read
 */
export function tokenFileAuthenticator(
  text: string,
  path: string,
  warn: (message: string) => void = () => {},
): TokenAuthenticator {
  const users = parseTokenFile(text, path, warn);
  return {
    async authenticateToken(token) {
      const digest = digestOf(token);
      const found = users.get(digest.toString("hex"));
      // The lookup is by digest, so its timing tells nothing of the tokens.
      return found !== undefined && timingSafeEqual(digest, found.digest) ? { user: found.user } : undefined;
    },
  };
}

interface Known {
  readonly digest: Buffer;
  readonly user: UserInfo;
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function parseTokenFile(text: string, path: string, warn: (message: string) => void): Map<string, Known> {
  const users = new Map<string, Known>();
  let number = 0;
  for (const { fields, line } of parseCsv(text, path)) {
    number++;
    const [token = "", name = "", uid = "", groups] = fields;
    if (fields.length < 3) {
      throw new Error(
        `token file '${path}' must have at least 3 columns (token, user name, user uid), found ${fields.length} on line ${line}`,
      );
    }
    if (token === "") {
      warn(`empty token has been found in token file '${path}', record number '${number}'`);
      continue;
    }
    const digest = digestOf(token);
    const key = digest.toString("hex");
    if (users.has(key)) warn(`duplicate token has been found in token file '${path}', record number '${number}'`);
    const user = { name, ...(uid === "" ? {} : { uid }), groups: groups === undefined ? [] : groups.split(",") };
    users.set(key, { digest, user });
  }
  return users;
}

/** RFC 4180 as Go's encoding/csv reads it: quotes around a field, doubled inside, line ends within them; empty lines are skipped. */
function* parseCsv(text: string, path: string): Generator<{ fields: string[]; line: number }> {
  const input = text.replaceAll("\r\n", "\n");
  const quoted = /"((?:[^"]|"")*)"(,|\n|$)/y;
  const bare = /([^",\n]*)(,|\n|$)/y;
  let line = 1;
  for (let at = 0; at < input.length; ) {
    if (input[at] === "\n") {
      line++;
      at++;
      continue;
    }
    const start = line;
    const fields: string[] = [];
    for (let more = true; more; ) {
      const pattern = input[at] === '"' ? quoted : bare;
      pattern.lastIndex = at;
      const found = pattern.exec(input);
      if (found === null) throw new Error(`token file '${path}', line ${line}: bare or unmatched quote`);
      const [whole, field = "", end] = found;
      fields.push(pattern === quoted ? field.replaceAll('""', '"') : field);
      line += whole.split("\n").length - 1;
      at += whole.length;
      more = end === ",";
    }
    yield { fields, line: start };
  }
}
