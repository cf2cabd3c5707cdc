/** What a flag's text means, by the flag's type. */

import { parseDuration } from "@kubets/apimachinery";
import type { FlagSpec } from "./flags.ts";

export type FlagType = FlagSpec["type"];

export type ValueOf<T extends FlagType> = T extends "number" | "float" | "duration"
  ? number
  : T extends "boolean"
    ? boolean
    : T extends "strings" | "texts"
      ? readonly string[]
      : T extends "map"
        ? Readonly<Record<string, string>>
        : string;

export type FlagValue = ValueOf<FlagType>;

/**
 * @param before what the flag was given earlier: lists and maps grow, everything else is replaced
 * @throws Error saying what is wrong with the text
 */
export function readValue(type: FlagType, text: string, before: FlagValue | undefined): FlagValue {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      return toBoolean(text);
    case "number":
      if (!/^\d+$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a whole number`);
      return Number(text);
    case "float":
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
        throw new Error(`${JSON.stringify(text)} is not a number`);
      return Number(text);
    case "duration":
      return toDuration(text);
    case "strings":
      return [...((before as string[] | undefined) ?? []), ...splitList(text)];
    case "texts":
      return [...((before as string[] | undefined) ?? []), text];
    case "map":
      return { ...(before as Record<string, string> | undefined), ...toMap(text) };
  }
}

/** Go's ParseBool. */
function toBoolean(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw new Error(`${JSON.stringify(text)} is neither; want true or false`);
}

function toDuration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new Error(`${JSON.stringify(text)} is not a duration; write it as 30s, 5m or 1h30m`);
  }
}

/** By commas, as a line of CSV: a part that holds one itself is quoted. */
function splitList(text: string): string[] {
  if (text === "") return [];
  const parts = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g)];
  return parts.map(([, quoted, plain = ""]) => quoted?.replaceAll('""', '"') ?? plain);
}

/** As pflag's StringToString: with one `=` there is one pair, whose value may have commas. */
function toMap(text: string): Record<string, string> {
  const isOne = text.split("=").length === 2;
  const pairs = (isOne ? [text.replace(/^"+|"+$/g, "")] : splitList(text)).map((part): [string, string] => {
    const equals = part.indexOf("=");
    if (equals < 0) throw new Error(`${JSON.stringify(part)} must be formatted as key=value`);
    return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  });
  return Object.fromEntries(pairs);
}
