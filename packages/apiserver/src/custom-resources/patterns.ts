/** Regular expressions of users, by RE2's rules: no text makes them slow. */

import { messageOf, TimeSlice } from "@kubets/apimachinery";
import { maxRegexSize, regexSize, regexTooLarge } from "@kubets/cel";
import { RE2JS } from "re2js";

/** What a definition's patterns may be in all, by {@link regexSize}: half a second's work for the first object that has all of them. */
const maxInAll = 500_000;

/** Made once; patterns are few, and belong to CRDs. */
const compiled = new Map<string, RE2JS | string>();
const maxKeptSize = 1_000_000;
let keptSize = 0;

function compile(pattern: string): RE2JS | string {
  const found = compiled.get(pattern);
  if (found !== undefined) return found;
  const size = regexSize(pattern);
  if (keptSize + size > maxKeptSize) {
    compiled.clear();
    keptSize = 0;
  }
  const made = size > maxRegexSize ? regexTooLarge : tryCompile(pattern);
  compiled.set(pattern, made);
  keptSize += typeof made === "string" ? pattern.length / 100 : size;
  return made;
}

function tryCompile(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return messageOf(error);
  }
}

/** Compiles what a definition has, with others' turns in between, before it is asked for without. @throws Error when it is too much in all */
export async function preparePatterns(definition: object): Promise<void> {
  const slice = new TimeSlice();
  let size = 0;
  for (const pattern of patternsIn(definition)) {
    if (pattern !== undefined) {
      size += regexSize(pattern);
      if (size > maxInAll) throw new Error(`patterns: ${regexTooLarge}`);
      compile(pattern);
    }
    if (slice.over) await slice.end();
  }
}

/** Undefined from time to time where there is none. Without recursion: a definition may be nested as deep as a body may be. */
function* patternsIn(definition: object): Generator<string | undefined> {
  const left: object[] = [definition];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const [key, child] of Object.entries(next)) {
      if (typeof child === "string" && key === "pattern") yield child;
      else if (typeof child === "object" && child !== null) left.push(child);
    }
    yield undefined;
  }
}

/** Why RE2 does not take a pattern; undefined when it does. */
export function patternFault(pattern: string): string | undefined {
  const found = compile(pattern);
  return typeof found === "string" ? found : undefined;
}

/** Whether the pattern is found anywhere in a text. A pattern that is none matches nothing. Compiled when it is first needed. */
export function patternMatcher(pattern: string): (text: string) => boolean {
  let found: RE2JS | string | undefined;
  return (text) => {
    found ??= compile(pattern);
    return typeof found !== "string" && found.matcher(text).find();
  };
}
