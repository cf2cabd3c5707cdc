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
  readonly variables: DeclaredVariables;
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
    variables: features.variables.type,
    ...(features.params ? { params: known.params ?? cel.dynType } : {}),
  };
  const objectTypes = features.patchTypes ? patchTypes(cel) : () => undefined;
  return new cel.Environment({ variables, objectTypes });
}

/** The type of `variables`. It grows: an expression sees those that were declared before it was compiled. */
export class DeclaredVariables {
  readonly type: Type;
  readonly #fields = new Map<string, { readonly jsonName: string; readonly type: Type; readonly required: boolean }>();

  constructor(cel: Cel) {
    this.type = { ...cel.objectType("kubernetes.variables", {}), fields: () => this.#fields };
  }

  declare(name: string, type: Type): void {
    this.#fields.set(name, { jsonName: name, type, required: false });
  }
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
