/** Regular expressions of users, by RE2's rules: no text makes them slow. */

import { messageOf } from "@kubets/apimachinery";
import { RE2JS } from "re2js";

/** Made once; patterns are few, and belong to CRDs. */
const compiled = new Map<string, RE2JS | string>();
const maxKept = 5000;

function compile(pattern: string): RE2JS | string {
  let found = compiled.get(pattern);
  if (found === undefined) {
    try {
      found = RE2JS.compile(pattern);
    } catch (error) {
      found = messageOf(error);
    }
    if (compiled.size >= maxKept) compiled.clear();
    compiled.set(pattern, found);
  }
  return found;
}

/** Why RE2 does not take a pattern; undefined when it does. */
export function patternFault(pattern: string): string | undefined {
  const found = compile(pattern);
  return typeof found === "string" ? found : undefined;
}

/** Whether the pattern is found anywhere in a text. A pattern that is none matches nothing. */
export function patternMatcher(pattern: string): (text: string) => boolean {
  const found = compile(pattern);
  return typeof found === "string" ? () => false : (text) => found.matcher(text).find();
}
