/**
 * What the official client's models do not say about a field, in a few words. Facts of upstream's published OpenAPI.
 *
 * Without a rule: an array is `x-kubernetes-list-type: atomic`; a required scalar and a required (or `metadata`, `spec`, `status`) struct
 * are always written, with their zero value when unset (Go fields that are no pointers and have no `omitempty`), so their default is "", 0,
 * false or {}.
 *
 * Words of a rule:
 * - `set`, `map=KEY[,KEY...]`, `plain` (no list type at all): list types
 * - `atomic`, `granular`: map type of an object
 * - `strategy=merge`, `strategy=retainKeys`, `strategy=merge,retainKeys`, `key=NAME`: strategic merge
 * - `default=VALUE`: a default other than the zero value
 * - `zero`: always written although it is not required; `pointer`: not written when unset although it is required
 * - `type=NAME`, `of=NAME`: the type, or that of the items or values, where the client says only `string` or `any`
 */

export type TypeOverlay = Readonly<Record<string, string>>;

/** By type name, `v1.NAME` where the group has the type in more than one version; within, by field. `$self` is the type, `$union` its discriminator. */
export type GroupOverlay = Readonly<Record<string, TypeOverlay>>;

export interface FieldRule {
  listType?: "set" | "map" | "plain";
  mapKeys?: string[];
  mapType?: "atomic" | "granular";
  patchStrategy?: string;
  patchMergeKey?: string;
  default?: string;
  zero?: boolean;
  type?: string;
  of?: string;
}

/** @throws Error on a word that is not in the list above. */
export function parseFieldRule(text: string): FieldRule {
  const rule: FieldRule = {};
  for (const word of text.split(" ")) applyWord(rule, word);
  return rule;
}

function applyWord(rule: FieldRule, word: string): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? "" : word.slice(equals + 1);
  switch (name) {
    case "set":
    case "plain":
      rule.listType = name;
      return;
    case "map":
      rule.listType = "map";
      rule.mapKeys = value.split(",");
      return;
    case "atomic":
    case "granular":
      rule.mapType = name;
      return;
    case "strategy":
      rule.patchStrategy = value;
      return;
    case "key":
      rule.patchMergeKey = value;
      return;
    case "default":
      rule.default = value;
      return;
    case "zero":
      rule.zero = true;
      return;
    case "pointer":
      rule.zero = false;
      return;
    case "type":
      rule.type = value;
      return;
    case "of":
      rule.of = value;
      return;
    default:
      throw new Error(`overlay: unknown word "${word}"`);
  }
}
