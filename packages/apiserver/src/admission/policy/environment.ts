/** What the expressions of policies may refer to. Source: apiserver's admission/plugin/cel/compile.go, composition.go. */

import type { Environment, Type } from "@kubets/cel";
import { admissionEnvironment, type Cel } from "../cel/index.ts";

export type { Cel } from "../cel/index.ts";

export interface EnvironmentFeatures {
  /** The policy has a paramKind. */
  readonly params: boolean;
  readonly authorizer: boolean;
  /** `Object{...}` and `JSONPatch{...}` may be made. */
  readonly patchTypes: boolean;
  /** Of `variables`: those before the expression. */
  readonly variables: Readonly<Record<string, Type>>;
}

/** What is known of objects where a policy's types are checked; otherwise they are what they are found to be. */
export interface KnownTypes {
  /** Of `object` and `oldObject`. */
  readonly object?: Type | undefined;
  readonly params?: Type | undefined;
}

export function policyEnvironment(cel: Cel, features: EnvironmentFeatures, known: KnownTypes = {}): Environment {
  const shared = [...admissionEnvironment(cel).variables];
  const allowed = features.authorizer ? shared : shared.filter(([name]) => !name.startsWith("authorizer"));
  const variables: Record<string, Type> = {
    ...Object.fromEntries(allowed),
    ...(known.object === undefined ? {} : { object: known.object, oldObject: known.object }),
    variables: variablesType(cel, features.variables),
    ...(features.params ? { params: known.params ?? cel.dynType } : {}),
  };
  const objectTypes = features.patchTypes ? patchTypes(cel) : () => undefined;
  return new cel.Environment({ variables, objectTypes });
}

export function variablesType(cel: Cel, fields: Readonly<Record<string, Type>>): Type {
  return cel.objectType("kubernetes.variables", fields);
}

/** `Object` and what hangs on it have whatever fields they are given; that they are in their places is seen to later. */
function patchTypes(cel: Cel): (name: string) => Type | undefined {
  const { stringType: text, dynType } = cel;
  const patch = cel.objectType("JSONPatch", { op: text, path: text, from: text, value: dynType });
  return (name) => {
    if (name === "JSONPatch") return patch;
    if (name !== "Object" && !name.startsWith("Object.")) return undefined;
    return { kind: "object", name, parameters: [], fields: () => new AnyField(dynType) };
  };
}

class AnyField extends Map<string, { jsonName: string; type: Type; required: boolean }> {
  readonly #type: Type;

  constructor(type: Type) {
    super();
    this.#type = type;
  }

  override get(name: string): { jsonName: string; type: Type; required: boolean } {
    return { jsonName: name, type: this.#type, required: false };
  }

  override has(): boolean {
    return true;
  }
}
