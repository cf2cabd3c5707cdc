/** Continue tokens, in upstream's form: base64url of `{"v":"meta.k8s.io/v1","rv":<revision>,"start":"<key>\u0000"}`. */

import { badRequest, decodeJson, messageOf } from "@kubets/apimachinery";

export interface ContinueToken {
  /** The snapshot's revision; -1 to go on with the present state: a list that is not consistent with its first pages. */
  readonly revision: number;
  /** The last key given, below the list's prefix. */
  readonly after: string;
}

const tokenVersion = "meta.k8s.io/v1";

export function encodeContinue({ revision, after }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: tokenVersion, rv: revision, start: `${after}\u0000` })).toString("base64url");
}

/** @throws StatusError 400 for text that is no token */
export function decodeContinue(text: string): ContinueToken {
  const token = parse(text);
  if (token["v"] !== tokenVersion) {
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version ${textOf(token["v"])}`,
    );
  }
  const { rv, start } = token;
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw badRequest(
      "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    );
  }
  if (typeof start !== "string" || start.length === 0) {
    throw badRequest(
      "invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)",
    );
  }
  if (start.includes("..")) throw badRequest(`invalid continue token: continue key is not valid: ${start}`);
  return { revision: rv, after: start.endsWith("\u0000") ? start.slice(0, -1) : start };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

function parse(text: string): Record<string, unknown> {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof token === "object" && token !== null) return token as Record<string, unknown>;
  } catch {
    // Not JSON: refused below like anything else that is no token.
  }
  const odd = text.search(/[^A-Za-z0-9_-]/);
  const why = odd >= 0 ? `illegal base64 data at input byte ${odd}` : notJson(text);
  throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

/** Go's words for text that is no JSON object. */
function notJson(text: string): string {
  try {
    decodeJson(Buffer.from(text, "base64url"));
    return "json: cannot unmarshal the token into Go value of type storage.continueToken";
  } catch (error) {
    return messageOf(error);
  }
}
