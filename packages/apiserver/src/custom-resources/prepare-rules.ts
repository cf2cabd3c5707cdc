/** The rules of a definition, compiled before it is validated. */

import type { CustomResourceDefinition } from "@kubets/api";
import { itemsOf, type JSONSchemaProps, valuesOf } from "@kubets/api/apiextensions";
import { compileAhead, type RulePlace } from "./rule-compiler.ts";

/** Compiles with others' turns in between. What cannot be compiled is left to validation, which has words for it. @returns forgets what was made */
export async function prepareRules({ spec }: CustomResourceDefinition): Promise<() => void> {
  return await compileAhead(placesIn((spec?.versions ?? []).map(({ schema }) => schema?.openAPIV3Schema)));
}

/** Where validation looks for rules; undefined from time to time where there are none. Without recursion: nothing has looked at the schema yet, which may be nested as deep as a body may be. */
function* placesIn(roots: readonly (JSONSchemaProps | undefined)[]): Generator<RulePlace | undefined> {
  const left = roots.map((schema) => ({ schema, isResourceRoot: true }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { schema, isResourceRoot } = next;
    if (schema === undefined || schema === null) continue;
    const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
    if (schema["x-kubernetes-validations"]?.length) yield { schema, isResourceRoot: isResourceRoot || isEmbedded };
    for (const below of [...Object.values(schema.properties ?? {}), valuesOf(schema), itemsOf(schema)])
      left.push({ schema: below, isResourceRoot: false });
    yield undefined;
  }
}
