/** Paths that rules and selectable fields name: `.spec.names['a.b']`. Source: ValidFieldPath of apiextensions' schema/cel. */

import { FieldPath } from "@kubets/apimachinery";
import { type JSONSchemaProps, propertyOf, valuesOf } from "./structural-schema.ts";

export interface ValidFieldPath {
  readonly path: FieldPath;
  /** Its first step. */
  readonly root: string;
  /** Of the field it leads to. */
  readonly schema: JSONSchemaProps | undefined;
}

/** Upstream's scanner: `.`, `[` and `]` alone, quoted strings and everything between as one. */
function tokens(text: string): string[] {
  return text.match(/'(?:[^'\\]|\\[\s\S])*'|[.[\]]|[^.[\]']+|'/g) ?? [];
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

/** Thrown with upstream's text. */
class FieldPathError extends Error {}

function unquote(token: string | undefined): string {
  if (token === undefined) throw new FieldPathError("unexpected end of JSON path");
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) {
    throw new FieldPathError(`expected single quoted string but got ${token}`);
  }
  return token.slice(1, -1).replace(/\\([\s\S])/g, (match, directive: string) => {
    const value = escapes[directive];
    if (value === undefined) throw new FieldPathError(`invalid string literal: invalid escape char ${match}`);
    return value;
  });
}

/** The path, or upstream's text of why it is none for this schema. */
export function validFieldPath(text: string, schema: JSONSchemaProps, arrays = true): ValidFieldPath | string {
  try {
    return follow(tokens(text), schema, arrays);
  } catch (error) {
    if (error instanceof FieldPathError) return error.message;
    throw error;
  }
}

function follow(steps: readonly string[], schema: JSONSchemaProps, arrays: boolean): ValidFieldPath {
  let path = new FieldPath();
  let root = "";
  let found: JSONSchemaProps | undefined = schema;
  const enter = (name: string): void => {
    if (root === "") root = name;
    if (found?.properties !== undefined) {
      path = path.child(name);
      found = propertyOf(found, name);
      if (found === undefined) throw new FieldPathError("does not refer to a valid field");
    } else if (found?.additionalProperties !== undefined) {
      path = path.key(name);
      found = valuesOf(found);
    } else throw new FieldPathError("does not refer to a valid field");
  };
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === "[") {
      if (!arrays) throw new FieldPathError("array notation is not allowed");
      enter(unquote(steps[++i]));
      const end = steps[++i];
      if (end === undefined) throw new FieldPathError("unexpected end of JSON path");
      if (end !== "]") throw new FieldPathError(`expected ] but got ${end}`);
    } else if (step === ".") {
      const name = steps[++i];
      if (name === undefined) throw new FieldPathError("unexpected end of JSON path");
      enter(name);
    } else throw new FieldPathError(`expected [ or . but got: ${step}`);
  }
  return { path, root, schema: found };
}
