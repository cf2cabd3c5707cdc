/** Policies and their bindings, followed as they change, by what they are for. Source: apiserver's admission/plugin/policy/generic/policy_source.go. */

import type {
  MatchResources,
  MutatingAdmissionPolicyBinding,
  Resource,
  ValidatingAdmissionPolicyBinding,
} from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { ObjectReader } from "../../reader/object-reader.ts";
import { type MatchCriteria, type MatchSource, MatchTable } from "../matching/index.ts";
import { type CompiledPolicy, compilePolicy, type Policy } from "./compile-policy.ts";
import type { Cel } from "./environment.ts";

export type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

export interface BoundPolicy<P extends Policy, B extends Binding> {
  readonly policy: P;
  readonly bindings: readonly BoundBinding<B>[];
}

export interface BoundBinding<B extends Binding> {
  readonly binding: B;
  /** Undefined where the binding narrows nothing. */
  readonly table: MatchTable<B> | undefined;
}

export class Policies<P extends Policy, B extends Binding> {
  readonly #source: MatchSource;
  readonly #policies = new Map<string, P>();
  readonly #bindings = new Map<string, B>();
  /** Compiled when a policy is first evaluated, and kept while it is unchanged. */
  readonly #compiled = new WeakMap<P, CompiledPolicy | Promise<CompiledPolicy>>();
  #table: MatchTable<BoundPolicy<P, B>> | undefined;

  constructor(source: MatchSource) {
    this.#source = source;
    this.#table = new MatchTable<BoundPolicy<P, B>>(source, []);
  }

  /** Policies by name, each with its bindings by name. */
  get table(): MatchTable<BoundPolicy<P, B>> {
    this.#table ??= this.#build();
    return this.#table;
  }

  /** A promise the first time. */
  compiled(cel: Cel, policy: P): CompiledPolicy | Promise<CompiledPolicy> {
    let compiled = this.#compiled.get(policy);
    if (compiled === undefined) {
      compiled = compilePolicy(cel, policy).then((made) => {
        this.#compiled.set(policy, made);
        return made;
      });
      this.#compiled.set(policy, compiled);
    }
    return compiled;
  }

  /** Resolves when everything there is, is known; follows changes until `signal` aborts. */
  async follow(reader: ObjectReader, policies: Resource<P>, bindings: Resource<B>, signal: AbortSignal): Promise<void> {
    await Promise.all([
      reader.subscribe(policies, this.#keep(this.#policies), signal),
      reader.subscribe(bindings, this.#keep(this.#bindings), signal),
    ]);
  }

  #keep<T extends KubeObject>(known: Map<string, T>) {
    return {
      put: (object: T) => {
        known.set(nameOf(object), object);
        this.#table = undefined;
      },
      remove: (object: T) => {
        known.delete(nameOf(object));
        this.#table = undefined;
      },
    };
  }

  #build(): MatchTable<BoundPolicy<P, B>> {
    const entries: { value: BoundPolicy<P, B>; criteria: MatchCriteria }[] = [];
    const bindingsOf = Map.groupBy(sorted(this.#bindings.values()), ({ spec }) => spec?.policyName);
    for (const policy of sorted(this.#policies.values())) {
      const bindings = bindingsOf.get(nameOf(policy));
      if (bindings === undefined) continue;
      const value = { policy, bindings: bindings.map((binding) => this.#bound(binding)) };
      entries.push({ value, criteria: criteriaOf(policy.spec?.matchConstraints) });
    }
    return new MatchTable(this.#source, entries);
  }

  #bound(binding: B): BoundBinding<B> {
    const match = binding.spec?.matchResources;
    if (match === undefined) return { binding, table: undefined };
    return { binding, table: new MatchTable(this.#source, [{ value: binding, criteria: criteriaOf(match) }]) };
  }
}

export function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? "";
}

function sorted<T extends KubeObject>(objects: Iterable<T>): T[] {
  return [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function criteriaOf(match: MatchResources = {}): MatchCriteria {
  return {
    rules: match.resourceRules ?? [],
    excludeRules: match.excludeResourceRules ?? [],
    allWithoutRules: true,
    matchPolicy: match.matchPolicy,
    namespaceSelector: match.namespaceSelector,
    objectSelector: match.objectSelector,
  };
}
