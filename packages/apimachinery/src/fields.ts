/** Field selectors: `metadata.name=web,status.phase!=Running`. Grammar and texts: apimachinery's fields package. */

import { SelectorError } from "./labels.ts";

/** One term of a field selector. A field that is absent counts as "". */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** What a selector reads an object's fields by; undefined is the same as "". */
export type FieldGetter = (field: string) => string | undefined;

/** Requirements on fields of an object, all of which must hold; without any it matches everything. */
export class FieldSelector {
  /** All must hold. */
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  matches(fields: FieldGetter | Readonly<Record<string, string | undefined>>): boolean {
    const get: FieldGetter =
      typeof fields === "function" ? fields : (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined);
    for (const { field, operator, value } of this.requirements) {
      if (((get(field) ?? "") === value) !== (operator === "=")) return false;
    }
    return true;
  }

  /** The value `field` must have, when one is asked for. */
  requiresExactMatch(field: string): string | undefined {
    return this.requirements.find((r) => r.field === field && r.operator === "=")?.value;
  }

  /** A selector without the requirements for which `keep` is false. */
  filter(keep: (requirement: FieldRequirement) => boolean): FieldSelector {
    return new FieldSelector(this.requirements.filter(keep));
  }

  toString(): string {
    return this.requirements.map((r) => `${r.field}${r.operator}${escapeFieldValue(r.value)}`).join(",");
  }
}

const everyField = new FieldSelector([]);

/** Escapes `\`, `,` and `=`, which separate a selector's parts. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, "\\$&");
}

/** @throws SelectorError with upstream's text */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const match = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)([\s\S]*)$/.exec(term);
    if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator, value = ""] = match;
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: unescapeFieldValue(value) });
  }
  return requirements.length === 0 ? everyField : new FieldSelector(requirements);
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeFieldValue(text: string): string {
  let value = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "," || c === "=") {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    }
    if (c !== "\\") {
      value += c;
      continue;
    }
    const next = text[++i] ?? "";
    if (next === "" || !"\\,=".includes(next)) {
      throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
    }
    value += next;
  }
  return value;
}
