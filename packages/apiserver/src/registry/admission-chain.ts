/**
 * All admission plugins as one: every mutating plugin in order, later every validating one. Which of them a kind of request concerns is found out
 * once, so that a request that concerns none costs a look into a map, and one that only concerns plugins that do not wait costs no promise.
 */

import type { ResourceDefinition } from "@kubets/api";
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin, MutationPass } from "../admission/plugin.ts";

interface Selected {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

type Kinds = Pick<AdmissionAttributes, "definition" | "operation" | "subresource">;

export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  /** By definition, for the definitions of custom resources come and go, then by `OPERATION/subresource`. */
  readonly #selected = new WeakMap<ResourceDefinition, Map<string, Selected>>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** Undefined when nothing had to be waited for. @throws StatusError the first refusal */
  mutate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { mutating } = this.#select(attributes);
    if (mutating.length === 0) return undefined;
    const pass = new Pass();
    const waiting = mutateFrom(mutating, 0, attributes, pass);
    if (waiting !== undefined) return waiting.then(() => again(mutating, attributes, pass));
    return again(mutating, attributes, pass);
  }

  /** Undefined when nothing had to be waited for. @throws StatusError the first refusal */
  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    return validateFrom(this.#select(attributes).validating, 0, attributes);
  }

  #select({ definition, operation, subresource }: Kinds): Selected {
    let known = this.#selected.get(definition);
    if (known === undefined) {
      known = new Map();
      this.#selected.set(definition, known);
    }
    const key = subresource === "" ? operation : `${operation}/${subresource}`;
    let selected = known.get(key);
    if (selected === undefined) {
      selected = this.#selectAnew(definition, operation, subresource);
      known.set(key, selected);
    }
    return selected;
  }

  #selectAnew(definition: ResourceDefinition, operation: AdmissionOperation, subresource: string): Selected {
    const concerned = this.#plugins.filter(
      (plugin) => plugin.handles(operation) && (plugin.concerns?.(definition, operation, subresource) ?? true),
    );
    return {
      mutating: concerned.filter(({ mutate }) => mutate !== undefined),
      validating: concerned.filter(({ validate }) => validate !== undefined),
    };
  }
}

class Pass implements MutationPass {
  isReinvocation = false;
  isReinvocationWanted = false;
  #memory: Map<string, unknown> | undefined;

  requestReinvocation(): void {
    this.isReinvocationWanted = true;
  }

  get memory(): Map<string, unknown> {
    this.#memory ??= new Map();
    return this.#memory;
  }
}

function again(
  plugins: readonly AdmissionPlugin[],
  attributes: AdmissionAttributes,
  pass: Pass,
): Promise<void> | undefined {
  if (!pass.isReinvocationWanted) return undefined;
  pass.isReinvocation = true;
  return mutateFrom(plugins, 0, attributes, pass);
}

function mutateFrom(
  plugins: readonly AdmissionPlugin[],
  start: number,
  attributes: AdmissionAttributes,
  pass: Pass,
): Promise<void> | undefined {
  for (let i = start; i < plugins.length; i++) {
    const waiting = plugins[i]!.mutate!(attributes, pass);
    if (waiting) return waiting.then(() => mutateFrom(plugins, i + 1, attributes, pass));
  }
  return undefined;
}

function validateFrom(
  plugins: readonly AdmissionPlugin[],
  start: number,
  attributes: AdmissionAttributes,
): Promise<void> | undefined {
  for (let i = start; i < plugins.length; i++) {
    const waiting = plugins[i]!.validate!(attributes);
    if (waiting) return waiting.then(() => validateFrom(plugins, i + 1, attributes));
  }
  return undefined;
}
