/** The object that an apply makes. Source: structured-merge-diff's merge.Updater, `Apply` and `prune`. */

import type { Json } from "../object.ts";
import { claimedFields } from "./field-extraction.ts";
import { type FieldSet, intersectFieldSets, isEmptyFieldSet, subtractFieldSet, unionFieldSets } from "./field-set.ts";
import { mergeConfig, removeFields, withNamedFields } from "./merge.ts";
import type { MergeType } from "./merge-type.ts";

export interface Ownership {
  /** What the applier owned after its last apply. */
  readonly last: FieldSet;
  /** What everybody owns, the applier's new configuration included. */
  readonly owned: readonly FieldSet[];
}

/** `live` with `config` merged in and without what the applier no longer claims, unless somebody else does. */
export function applyConfig(live: Json, config: Json, type: MergeType, { last, owned }: Ownership): Json {
  const merged = mergeConfig(live, config, type);
  if (isEmptyFieldSet(last)) return merged;
  const fieldsOf = (value: Json) => withNamedFields(claimedFields(value, type), type);
  const mergedFields = fieldsOf(merged);
  const lastFields = withNamedFields(last, type);
  const stripped = removeFields(merged, lastFields, type) ?? {};
  // What is still owned comes back, with all that stands on the way to it.
  let keep = fieldsOf(stripped);
  for (const set of owned) keep = unionFieldSets(keep, withNamedFields(set, type));
  const restored = removeFields(merged, subtractFieldSet(mergedFields, keep), type) ?? {};
  // Of what is gone now, only what the applier had owned itself is to go.
  const gone = subtractFieldSet(mergedFields, fieldsOf(restored));
  return removeFields(merged, intersectFieldSets(gone, lastFields), type) ?? {};
}
