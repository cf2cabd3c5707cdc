/** JSON Merge Patch (RFC 7386). */

import { type Json, put } from "../object.ts";

/** The document with the patch merged in: null removes, objects merge, everything else replaces. Changes neither; shares what it can. */
export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
  const result: Record<string, Json> = isObject ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else put(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}
