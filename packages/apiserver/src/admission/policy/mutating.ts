/** MutatingAdmissionPolicy. Source: apiserver's admission/plugin/policy/mutating/dispatcher.go. */

import {
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
} from "@kubets/api";
import {
  clone,
  DecodeError,
  decodeObject as decodeBySchema,
  deepEqual,
  internalError,
  type Json,
  type KubeObject,
  mergeTypeOf,
  pushAll,
  StatusError,
} from "@kubets/apimachinery";
import { refuse } from "../errors.ts";
import type { Candidate } from "../matching/index.ts";
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin, MutationPass } from "../plugin.ts";
import { Reinvocation } from "../reinvocation.ts";
import { WorkingVersion } from "../versions.ts";
import { OutOfBudget } from "./activation.ts";
import type { CompiledPolicy } from "./compile-policy.ts";
import type { Cel } from "./environment.ts";
import { type Invocation, isExcluded, isFault, RequestVariables, selectInvocations } from "./invocations.ts";
import { conditionsMatch } from "./match-conditions.ts";
import { applyConfiguration, applyPatchValue, type ConfigurationType, MutationError } from "./patch.ts";
import type { PolicyAdmissionOptions } from "./plugins.ts";
import { type BoundPolicy, nameOf, Policies } from "./policies.ts";

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

interface Failure {
  readonly policy: Policy;
  readonly binding: Binding | undefined;
  readonly message: string;
  readonly reason?: string;
}

/** Upstream's RuntimeCELCostBudget. */
const budget = 10_000_000;

export class MutatingAdmissionPolicyPlugin implements AdmissionPlugin {
  readonly name = "MutatingAdmissionPolicy";
  readonly #options: PolicyAdmissionOptions;
  readonly #policies: Policies<Policy, Binding>;

  constructor(options: PolicyAdmissionOptions) {
    this.#options = options;
    this.#policies = new Policies(options.source);
  }

  /** Must be called, and waited for, before it is asked. */
  async follow(signal: AbortSignal): Promise<void> {
    const { reader } = this.#options.source;
    await this.#policies.follow(reader, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, signal);
  }

  handles(operation: AdmissionOperation): boolean {
    return operation !== "DELETE";
  }

  mutate(attributes: AdmissionAttributes, pass: MutationPass): Promise<void> | undefined {
    const candidates = this.#policies.table.candidates(attributes);
    if (candidates.length === 0 || isExcluded(attributes.definition)) return undefined;
    return this.#mutate(candidates, attributes, pass);
  }

  async #mutate(
    candidates: readonly Candidate<BoundPolicy<Policy, Binding>>[],
    attributes: AdmissionAttributes,
    pass: MutationPass,
  ): Promise<void> {
    const selected = await selectInvocations(candidates, attributes, this.#options.source);
    const failures: Failure[] = selected.filter(isFault);
    const invocations = selected.filter((each) => !isFault(each));
    if (invocations.length > 0) {
      const cel = await import("@kubets/cel");
      const variables = await RequestVariables.of(cel, attributes, this.#options.source, this.#options.authorizer);
      const reinvocation = Reinvocation.of(this.name, pass, attributes.object);
      const run = new Run(this.#options, this.#policies, attributes, reinvocation, cel, variables);
      pushAll(failures, await run.all(invocations as Invocation<Policy, Binding>[]));
    }
    const counting = failures.filter(({ policy }) => policy.spec?.failurePolicy !== "Ignore");
    if (counting.length > 0) throw denied(attributes, counting);
  }
}

/** One pass of the policies over one request. */
class Run {
  readonly #options: PolicyAdmissionOptions;
  readonly #policies: Policies<Policy, Binding>;
  readonly #attributes: AdmissionAttributes;
  readonly #reinvocation: Reinvocation;
  readonly #cel: Cel;
  readonly #variables: RequestVariables;
  readonly #working: WorkingVersion;

  constructor(
    options: PolicyAdmissionOptions,
    policies: Policies<Policy, Binding>,
    attributes: AdmissionAttributes,
    reinvocation: Reinvocation,
    cel: Cel,
    variables: RequestVariables,
  ) {
    this.#options = options;
    this.#policies = policies;
    this.#attributes = attributes;
    this.#reinvocation = reinvocation;
    this.#cel = cel;
    this.#variables = variables;
    this.#working = new WorkingVersion(options.source, attributes);
  }

  async all(invocations: readonly Invocation<Policy, Binding>[]): Promise<readonly Failure[]> {
    const failures: Failure[] = [];
    try {
      for (const invocation of invocations) pushAll(failures, await this.#one(invocation));
      await this.#working.finish();
    } finally {
      this.#reinvocation.left(this.#attributes.object);
    }
    return failures;
  }

  async #one({ policy, binding, as, param }: Invocation<Policy, Binding>): Promise<readonly Failure[]> {
    await this.#working.as(as);
    const compiled = await this.#policies.compiled(this.#cel, policy);
    const { failurePolicy, reinvocationPolicy, mutations = [] } = policy.spec ?? {};
    const activation = (withNamespace: boolean) =>
      this.#variables.activation(compiled, this.#working.presented, param, withNamespace);
    const failed = (message: string): Failure => ({ policy, binding, message, reason: "Invalid" });
    const match = await conditionsMatch(compiled.matchConditions, () => activation(false), failurePolicy);
    if (match.error !== undefined) return [failed(match.error)];
    if (!match.matches) return [];
    const key = [policy, binding, param]
      .map((each) => `${each?.metadata?.namespace ?? ""}/${each?.metadata?.name}`)
      .join();
    if (this.#reinvocation.isPassedOver(key)) return [];
    const before = this.#working.object;
    const failures: Failure[] = [];
    for (const [i] of mutations.entries()) {
      if (this.#working.object === undefined) break;
      try {
        await this.#apply(compiled.mutations[i]!, compiled, param);
      } catch (error) {
        if (!(error instanceof MutationError) && !(error instanceof OutOfBudget)) throw error;
        failures.push(failed(error.message));
      }
    }
    this.#reinvocation.taken(key, !deepEqual(before, this.#working.object), reinvocationPolicy === "IfNeeded");
    return failures;
  }

  async #apply(
    mutation: CompiledPolicy["mutations"][number],
    compiled: CompiledPolicy,
    param: KubeObject | null,
  ): Promise<void> {
    if (mutation.program === undefined) throw new MutationError(mutation.error ?? "");
    const activation = this.#variables.activation(compiled, this.#working.presented, param);
    const { results } = await activation.evaluate([mutation], budget);
    const { value, error } = results[0]!;
    if (error !== undefined) throw new MutationError(error);
    const object = this.#working.object!;
    const isPatch = mutation.patchType === "JSONPatch";
    const changed = isPatch
      ? applyPatchValue(this.#cel, object, value!)
      : applyConfiguration(this.#cel, object, value!, this.#type());
    if (changed === object) return;
    if (isPatch) this.#requireKnownFields(changed);
    this.#working.change(changed);
  }

  #type(): ConfigurationType {
    if (this.#attributes.kind !== undefined) return { merge: { kind: "untyped" } };
    const { group, version, plural } = this.#working.presented.as;
    const { registry } = this.#options.source.resources().get(group, version, plural)!;
    const { schema } = registry.definition;
    const merge = mergeTypeOf(schema, registry.schemas);
    // Built-in kinds refer to a schema by name; custom ones bring their own, and are pruned.
    return schema.$ref === undefined ? { merge } : { merge, declared: { schema, schemas: registry.schemas } };
  }

  /** @throws StatusError 500 for fields that a built-in kind does not have */
  #requireKnownFields(changed: KubeObject): void {
    const { declared } = this.#type();
    if (declared === undefined) return;
    try {
      const value = clone(changed) as unknown as Record<string, Json>;
      const { unknownFields } = decodeBySchema(value, declared.schema, declared.schemas);
      if (unknownFields.length === 0) return;
      throw internalError(`strict decoding error: ${unknownFields.join(", ")}`);
    } catch (error) {
      throw error instanceof DecodeError ? internalError(error.message) : error;
    }
  }
}

function denied(attributes: AdmissionAttributes, failures: readonly Failure[]): StatusError {
  const { status } = refuse(attributes, "admission request denied by policy");
  const texts = failures.map(({ policy, binding, message }) =>
    binding === undefined
      ? `policy "${nameOf(policy)}" denied request: ${message}`
      : `policy '${nameOf(policy)}' with binding '${nameOf(binding)}' denied request: ${message}`,
  );
  const { reason } = failures[0]!;
  return StatusError.fromStatus({
    ...status,
    message: texts[0]!,
    ...(reason === undefined ? {} : { reason }),
    details: { ...status.details, causes: texts.map((message) => ({ message })) },
  });
}
