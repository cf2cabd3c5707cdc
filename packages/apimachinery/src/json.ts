/**
 * Request bodies: JSON, strictly. The engine's own parser does the work; a scan beside it finds what that one hides
 * (keys given twice, absurd depth), and only a body with such a fault is read again by the slow, explaining parser.
 */

import { endOfString, hasDigits, parseJson } from "./exact-json.ts";
import { JsonSyntaxError, parseJsonSlowly } from "./json-parser.ts";
import type { Json } from "./object.ts";
import { infiniteDigits } from "./written-numbers.ts";

/** What a body of JSON or YAML says, and what is to be remarked about how it says it. */
export interface DecodedBody {
  readonly value: Json;
  /** Fields given more than once, worded as upstream: `duplicate field "spec.replicas"`. The last one counts. */
  readonly duplicates: readonly string[];
  /** JSON with a number that is written with a fraction or an exponent, or may have more digits than a double holds: {@link writtenNumbers} has them. */
  readonly hasFractions?: boolean;
}

/**
 * Objects and arrays may nest this deep. Go's decoder stops at 10,000; every later walk here recurses, and no Kubernetes object is
 * a hundredth as deep.
 */
export const maxJsonDepth = 1000;

/**
 * Decodes JSON text or its UTF-8 bytes, with exact integers (see {@link parseJson}). A key named `__proto__` becomes an own property like any other.
 * @throws JsonSyntaxError worded as Go's encoding/json
 */
export function decodeJson(body: string | Uint8Array): DecodedBody {
  const text = typeof body === "string" ? body : decodeUtf8(body);
  const { keys, hasFractions } = scan(text);
  let value: Json;
  try {
    value = parseJson(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    parseJsonSlowly(text);
    throw new JsonSyntaxError(error.message);
  }
  const decoded = countKeys(value) === keys ? { value, duplicates: [] } : parseJsonSlowly(text);
  return hasFractions || hasDigits(text, infiniteDigits) ? { ...decoded, hasFractions: true } : decoded;
}

/** Invalid UTF-8 becomes U+FFFD, as in Go. */
function decodeUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** What the parser hides. @throws JsonSyntaxError when it nests too deep */
function scan(text: string): { readonly keys: number; readonly hasFractions: boolean } {
  let keys = 0;
  let hasFractions = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22:
        i = endOfString(text, i);
        if (i < 0) return { keys, hasFractions };
        break;
      case 0x3a:
        keys++;
        break;
      case 0x2e:
      case 0x45:
        hasFractions = true;
        break;
      case 0x65:
        // That of an exponent, and not of true and false.
        if (text.charCodeAt(i - 1) <= 0x39) hasFractions = true;
        break;
      case 0x7b:
      case 0x5b:
        if (++depth > maxJsonDepth) throw new JsonSyntaxError(`invalid character '${text[i]}' exceeded max depth`);
        break;
      case 0x7d:
      case 0x5d:
        depth--;
        break;
    }
  }
  return { keys, hasFractions };
}

function countKeys(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item);
    return count;
  }
  // The engine reads what it enumerates at once; a list of keys it looks up one by one.
  for (const key in value) {
    count++;
    const child = value[key];
    if (typeof child === "object") count += countKeys(child as Json);
  }
  return count;
}
