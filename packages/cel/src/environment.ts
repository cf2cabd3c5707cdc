/** What an expression may refer to. */

import type { Type } from "./types.ts";

export interface EnvironmentOptions {
  /** By name: `self`, `oldSelf`, `object`. */
  readonly variables?: Readonly<Record<string, Type>>;
  /** Object types that expressions may construct, by name: `Object`, `Object.spec`, `JSONPatch`. */
  readonly objectTypes?: (name: string) => Type | undefined;
  /** Expressions may use `cel.bind(name, value, expression)`. Not in what Kubernetes has for all expressions. */
  readonly bindings?: boolean;
}

/** Made once and used for many expressions; immutable. All of Kubernetes' function libraries are in it. */
export class Environment {
  readonly variables: ReadonlyMap<string, Type>;
  readonly objectTypes: (name: string) => Type | undefined;
  readonly bindings: boolean;

  constructor(options: EnvironmentOptions = {}) {
    this.variables = new Map(Object.entries(options.variables ?? {}));
    this.objectTypes = options.objectTypes ?? (() => undefined);
    this.bindings = options.bindings ?? false;
  }

  /** This environment and more variables; a later one hides an earlier one of the same name. */
  extend(variables: Readonly<Record<string, Type>>): Environment {
    return new Environment({
      variables: { ...Object.fromEntries(this.variables), ...variables },
      objectTypes: this.objectTypes,
      bindings: this.bindings,
    });
  }
}
