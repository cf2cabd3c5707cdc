/** Regular expressions in time linear in the text: RE2's. */

import { RE2JS } from "re2js";
import { CelError } from "../cel-error.ts";
import { ArrayList } from "../value.ts";
import { work } from "../work.ts";
import { type Overload, overload } from "./overload.ts";
import { maxRegexSize, regexSize, regexTooLarge } from "./regex-size.ts";

/** The last few: a rule's pattern is used again and again, and patterns made at run time are not to be kept. */
const cache = new Map<string, RE2JS>();
const cacheSize = 256;

/** @throws CelError where it is no regular expression, after `complaint` */
export function compileRegex(pattern: string, complaint = ""): RE2JS {
  const compiled = tryCompile(pattern);
  if (typeof compiled === "string") throw new CelError(complaint + compiled);
  return compiled;
}

/** The expression, or what is wrong with it. */
function tryCompile(pattern: string): RE2JS | string {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  if (regexSize(pattern) > maxRegexSize) return regexTooLarge;
  try {
    const compiled = RE2JS.compile(pattern);
    if (cache.size >= cacheSize) cache.delete(cache.keys().next().value!);
    cache.set(pattern, compiled);
    return compiled;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function isRegex(pattern: string): boolean {
  return typeof tryCompile(pattern) !== "string";
}

/**
 * Linear is not quick: `x{1,1000}` is a thousand states for each character. The cost goes by the length of the pattern, which is as good
 * for patterns without such counts; with them it is the size of the compiled program that bounds the time.
 */
function matcherOf(regex: RE2JS, text: string) {
  work((text.length * regex.programSize()) / 2);
  return regex.matcher(text);
}

function matches(text: string, pattern: string): boolean {
  return matcherOf(compileRegex(pattern), text).find();
}

const illegal = "Illegal regex: ";

function find(text: string, pattern: string): string {
  const matcher = matcherOf(compileRegex(pattern, illegal), text);
  return matcher.find() ? (matcher.group() ?? "") : "";
}

function findAll(text: string, pattern: string, limit = -1n): ArrayList {
  const matcher = matcherOf(compileRegex(pattern, illegal), text);
  const found: string[] = [];
  while ((limit < 0n || found.length < Number(limit)) && matcher.find()) found.push(matcher.group() ?? "");
  return new ArrayList(found);
}

export const regexFunctions: readonly Overload[] = [
  overload("matches", "matches", "(string, string): bool", matches),
  overload("matches", "matches_string", "string.(string): bool", matches),
  overload("find", "string_find_string", "string.(string): string", find),
  overload("findAll", "string_find_all_string", "string.(string): list(string)", findAll),
  overload("findAll", "string_find_all_string_int", "string.(string, int): list(string)", findAll),
];
