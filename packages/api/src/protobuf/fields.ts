/**
 * Which field of a kind has which number on the wire. Types come from the schemas; what those cannot say is in `field-numbers.json`:
 * per message the JSON names in order of their numbers (`=N` where the count does not go on by one), `*` for a field that tells zero from
 * absent, `!` for one that is always written, `+NAME` for a message whose fields JSON has in line.
 */

import { readFileSync } from "node:fs";

export interface FieldNumber {
  /** The JSON name; "" for a message in line. */
  readonly name: string;
  /** The message whose fields stand in line. */
  readonly inline?: string;
  /** A zero value is as good as absent, and left out of JSON. */
  readonly dropsZero: boolean;
}

let table: Readonly<Record<string, string>> | undefined;
const parsed = new Map<string, ReadonlyMap<number, FieldNumber>>();

/** The fields of a message by number; undefined for a message that is not known by this name. */
export function fieldNumbers(message: string): ReadonlyMap<number, FieldNumber> | undefined {
  const known = parsed.get(message);
  if (known !== undefined) return known;
  table ??= JSON.parse(readFileSync(new URL("./field-numbers.json", import.meta.url), "utf8")) as Record<
    string,
    string
  >;
  const text = Object.hasOwn(table, message) ? table[message] : undefined;
  if (text === undefined) return undefined;
  const fields = new Map<number, FieldNumber>();
  let next = 1;
  for (const item of text.split(" ")) {
    const [, plus, name = "", flag, number] = /^(\+?)([^*!=]+)([*!]?)(?:=(\d+))?$/.exec(item) ?? [];
    next = number === undefined ? next : Number(number);
    fields.set(next, plus ? { name: "", inline: name, dropsZero: false } : { name, dropsZero: flag === "" });
    next++;
  }
  parsed.set(message, fields);
  return fields;
}
