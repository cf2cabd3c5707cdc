/**
 * Validation errors that name a field. Source of types and texts: apimachinery's util/validation/field.
 * `Status.details.causes` is these, one each; `invalid()` renders a list of them as upstream's 422.
 */

import { writeJson } from "./exact-json.ts";
import { escapeAsGo } from "./sorted-json.ts";
import { StatusError } from "./status.ts";

/** What is wrong with a field: `reason` of a cause in a Status. */
export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "InternalError"
  | "FieldValueTypeInvalid";

/** One field, and what is wrong with it: one of the causes of a 422. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** As upstream prints it: `spec.containers[0].name`. */
  readonly field: string;
  /** Everything after `field: `, for example `Invalid value: "x": must be no more than 63 characters`. */
  readonly message: string;
}

/** A path into an object that prints as upstream's does. Immutable. It becomes text when something is wrong there, which mostly it is not. */
export class FieldPath {
  readonly #step: string | number;
  readonly #parent: FieldPath | undefined;
  readonly #inBrackets: boolean;

  /** A root, by its text; with a parent, one step below it. */
  constructor(step: string | number = "", parent?: FieldPath, inBrackets = false) {
    this.#step = step;
    this.#parent = parent;
    this.#inBrackets = inBrackets;
  }

  child(name: string, ...more: string[]): FieldPath {
    return new FieldPath(more.length === 0 ? name : [name, ...more].join("."), this);
  }

  index(i: number): FieldPath {
    return new FieldPath(i, this, true);
  }

  key(key: string): FieldPath {
    return new FieldPath(key, this, true);
  }

  toString(): string {
    const above = this.#parent === undefined ? "" : this.#parent.toString();
    if (this.#inBrackets) return `${above}[${this.#step}]`;
    return above === "" ? String(this.#step) : `${above}.${this.#step}`;
  }
}

/** The root path, or the path of a dotted name: `path("spec.containers")`. */
export function path(text = ""): FieldPath {
  return new FieldPath(text);
}

/** Since 1.36 everything but text is shown as the JSON that Go makes of it, which has escapes for what HTML knows. */
function quote(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return goQuote(value);
  return escapeAsGo(writeJson(value));
}

/** Text as Go's `%q` prints it: JSON's form but for control characters. */
function goQuote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])|\u007f/g, (_, hex = "7f") => goControls[hex] ?? `\\x${hex}`);
}

const goControls: Readonly<Record<string, string>> = { "07": "\\a", "0b": "\\v" };

/** The field must be set, and is not. */
export function required(at: FieldPath, detail = ""): FieldError {
  return {
    type: "FieldValueRequired",
    field: at.toString(),
    message: detail === "" ? "Required value" : `Required value: ${detail}`,
  };
}

/** The value is of the right type and breaks a rule, which `detail` says. @param value quoted in the message as Go prints it */
export function invalidValue(at: FieldPath, value: unknown, detail: string): FieldError {
  return {
    type: "FieldValueInvalid",
    field: at.toString(),
    message: `Invalid value: ${quote(value)}${detail === "" ? "" : `: ${detail}`}`,
  };
}

/** An Invalid whose value is too large, or of no help, to be shown. */
export function invalidOmitted(at: FieldPath, detail: string): FieldError {
  return { type: "FieldValueInvalid", field: at.toString(), message: `Invalid value: ${detail}` };
}

/** The value stands twice where each may stand once. */
export function duplicate(at: FieldPath, value: unknown): FieldError {
  return { type: "FieldValueDuplicate", field: at.toString(), message: `Duplicate value: ${quote(value)}` };
}

/** The value refers to something that is not there. */
export function notFoundValue(at: FieldPath, value: unknown): FieldError {
  return { type: "FieldValueNotFound", field: at.toString(), message: `Not found: ${quote(value)}` };
}

/** The value is none of a few. @param supported listed in the message in this order; left out when empty */
export function notSupported(at: FieldPath, value: unknown, supported: readonly string[]): FieldError {
  return {
    type: "FieldValueNotSupported",
    field: at.toString(),
    message: `Unsupported value: ${quote(value)}${supported.length === 0 ? "" : `: supported values: ${listed(supported)}`}`,
  };
}

/** Made once: thousands of values may not be one of the same thousands. */
const lists = new WeakMap<readonly string[], string>();

function listed(supported: readonly string[]): string {
  let list = lists.get(supported);
  if (list === undefined) {
    list = supported.map((s) => JSON.stringify(s)).join(", ");
    lists.set(supported, list);
  }
  return list;
}

/** The field may not be set here, whatever its value. */
export function forbiddenField(at: FieldPath, detail: string): FieldError {
  return {
    type: "FieldValueForbidden",
    field: at.toString(),
    message: detail === "" ? "Forbidden" : `Forbidden: ${detail}`,
  };
}

/** @param maxBytes below 0 when there is no figure to tell */
export function tooLong(at: FieldPath, maxBytes: number): FieldError {
  return {
    type: "FieldValueTooLong",
    field: at.toString(),
    message: maxBytes < 0 ? "Too long: value is too long" : `Too long: may not be more than ${maxBytes} bytes`,
  };
}

/** @param max below 0 when there is no figure to tell */
export function tooMany(at: FieldPath, actual: number, max: number): FieldError {
  return {
    type: "FieldValueTooMany",
    field: at.toString(),
    message: max < 0 ? `Too many: ${actual}` : `Too many: ${actual}: must have at most ${max} items`,
  };
}

/** What the errors of one answer may say together, in UTF-16 units: many that each show a long list would be more than memory holds. */
const mostText = 8 * 1024 * 1024;
/** How many of the errors of one answer are told: a request can have 300,000, and a second of work in telling them. */
export const mostErrors = 20_000;

/** The first ones, as many as an answer can hold; one at least. */
function tellable(errors: readonly FieldError[]): readonly FieldError[] {
  let left = mostText;
  const end = errors.findIndex(({ message }, index) => {
    left -= message.length;
    return left < 0 || index >= mostErrors;
  });
  return end < 0 ? errors : errors.slice(0, Math.max(1, end));
}

/** The 422 for a list of field errors, worded as `apierrors.NewInvalid` words it. Of errors without end only the first are told. */
export function invalid(group: string, kind: string, name: string, all: readonly FieldError[]): StatusError {
  const errors = tellable(all);
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualifiedKind = group === "" ? kind : `${kind}.${group}`;
  return new StatusError(422, "Invalid", `${qualifiedKind} "${name}" is invalid: ${joined}`, {
    details: {
      ...(name === "" ? {} : { name }),
      ...(group === "" ? {} : { group }),
      ...(kind === "" ? {} : { kind }),
      causes: errors.map((e) => ({ reason: e.type, message: e.message, field: e.field })),
    },
  });
}
