/** All functions there are, by name. Which version has which: k8s.io/apiserver/pkg/cel/environment/base.go at 1.36. */

import { authorizerFunctions } from "./authorizer.ts";
import { conversions } from "./conversions.ts";
import { formatFunctions } from "./format.ts";
import { listFunctions } from "./lists.ts";
import { networkFunctions } from "./network.ts";
import { operators } from "./operators.ts";
import { type Overload, overload } from "./overload.ts";
import { quantityFunctions } from "./quantity.ts";
import { regexFunctions } from "./regex.ts";
import { semverFunctions } from "./semver.ts";
import { stringFunctions } from "./strings.ts";
import { timeFunctions } from "./time-functions.ts";
import { urlFunctions } from "./url.ts";

function escapeKey(key: string): string {
  return key.replaceAll(/[~/]/g, (found) => (found === "/" ? "~1" : "~0"));
}

const jsonPatchFunctions: readonly Overload[] = [
  overload("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", "(string): string", escapeKey),
];

const functions = new Map<string, Overload[]>();

for (const one of [
  ...operators,
  ...conversions,
  ...stringFunctions,
  ...timeFunctions,
  ...regexFunctions,
  ...listFunctions,
  ...urlFunctions,
  ...quantityFunctions,
  ...networkFunctions,
  ...formatFunctions,
  ...semverFunctions,
  ...authorizerFunctions,
  ...jsonPatchFunctions,
]) {
  const known = functions.get(one.name);
  if (known === undefined) functions.set(one.name, [one]);
  else known.push(one);
}

/** Undefined where there is no function of that name. */
export function overloadsOf(name: string): readonly Overload[] | undefined {
  return functions.get(name);
}
