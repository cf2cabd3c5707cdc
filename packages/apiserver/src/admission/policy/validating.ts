/** ValidatingAdmissionPolicy. Source: apiserver's admission/plugin/policy/validating/dispatcher.go. */

import {
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import type { EnforcementAction, PolicyError } from "../../metrics/admission-metrics.ts";
import type { Cel } from "../cel/index.ts";
import { refuse } from "../errors.ts";
import type { Candidate } from "../matching/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../plugin.ts";
import { Versions } from "../versions.ts";
import { type Invocation, isExcluded, isFault, RequestVariables, selectInvocations } from "./invocations.ts";
import type { PolicyAdmissionOptions } from "./plugins.ts";
import { type BoundPolicy, nameOf, Policies } from "./policies.ts";
import { validatePolicy } from "./validate-policy.ts";

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

interface Denial {
  readonly policy: Policy;
  readonly binding: Binding | undefined;
  readonly message: string;
  readonly reason: string;
}

/** One entry of the audit annotation. The order of its fields is upstream's. */
interface Failure {
  readonly message: string;
  readonly policy: string;
  readonly binding: string;
  readonly expressionIndex: number;
  readonly validationActions: readonly string[];
}

const failureKey = "validation.policy.admission.k8s.io/validation_failure";
const maxFailures = 50;
const maxAnnotationBytes = 10 * 1024;
const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

export class ValidatingAdmissionPolicyPlugin implements AdmissionPlugin {
  readonly name = "ValidatingAdmissionPolicy";
  readonly #options: PolicyAdmissionOptions;
  readonly #policies: Policies<Policy, Binding>;

  constructor(options: PolicyAdmissionOptions) {
    this.#options = options;
    this.#policies = new Policies(options.source);
  }

  /** Must be called, and waited for, before it is asked. */
  async follow(signal: AbortSignal): Promise<void> {
    const { reader } = this.#options.source;
    await this.#policies.follow(reader, validatingAdmissionPolicies, validatingAdmissionPolicyBindings, signal);
  }

  handles(): boolean {
    return true;
  }

  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const candidates = this.#policies.table.candidates(attributes);
    if (candidates.length === 0 || isExcluded(attributes.definition)) return undefined;
    return this.#validate(candidates, attributes);
  }

  async #validate(
    candidates: readonly Candidate<BoundPolicy<Policy, Binding>>[],
    attributes: AdmissionAttributes,
  ): Promise<void> {
    const selected = await selectInvocations(candidates, attributes, this.#options.source);
    if (selected.length === 0) return;
    const outcome = new Outcome(attributes);
    let evaluation: Evaluation | undefined;
    for (const each of selected) {
      if (isFault(each)) outcome.fault(each.policy, each.binding, each.message);
      else {
        evaluation ??= await Evaluation.of(this.#options, this.#policies, attributes);
        await evaluation.run(each, outcome);
      }
    }
    outcome.finish();
  }
}

/** By the beginning of the message, as upstream has it: also what was merely denied counts as invalid. */
function kindOfError(message = ""): PolicyError {
  if (message.startsWith("compilation")) return "compile_error";
  return message.startsWith("validation failed due to running out of cost budget") ? "out_of_budget" : "invalid_error";
}

/** The objects of one request in the versions that policies ask for, and its variables. */
class Evaluation {
  readonly #options: PolicyAdmissionOptions;
  readonly #policies: Policies<Policy, Binding>;
  readonly #cel: Cel;
  readonly #variables: RequestVariables;
  readonly #versions: Versions;

  private constructor(
    options: PolicyAdmissionOptions,
    policies: Policies<Policy, Binding>,
    attributes: AdmissionAttributes,
    cel: Cel,
    variables: RequestVariables,
  ) {
    this.#options = options;
    this.#policies = policies;
    this.#versions = new Versions(options.source, attributes);
    this.#cel = cel;
    this.#variables = variables;
  }

  static async of(
    options: PolicyAdmissionOptions,
    policies: Policies<Policy, Binding>,
    attributes: AdmissionAttributes,
  ): Promise<Evaluation> {
    const cel = await import("@kubets/cel");
    const variables = await RequestVariables.of(cel, attributes, options.source, options.authorizer);
    return new Evaluation(options, policies, attributes, cel, variables);
  }

  async run({ policy, binding, as, param }: Invocation<Policy, Binding>, outcome: Outcome): Promise<void> {
    const compiled = await this.#policies.compiled(this.#cel, policy);
    const presented = await this.#versions.as(as);
    const { clock, metrics } = this.#options;
    const start = clock.monotonic();
    const verdict = await validatePolicy(policy, compiled, (withNamespace) =>
      this.#variables.activation(compiled, presented, param, withNamespace),
    );
    const ms = clock.monotonic() - start;
    const count = (action: EnforcementAction, error: string | undefined) =>
      metrics.checked(nameOf(policy), nameOf(binding), kindOfError(error), action, ms);
    for (const [i, { action, message, reason, error }] of verdict.decisions.entries()) {
      if (action === "deny") {
        outcome.deny({ policy, binding, message, reason }, i);
        for (const done of binding.spec?.validationActions ?? [])
          count(done.toLowerCase() as EnforcementAction, message);
      } else if (error === true) count("allow", message);
    }
    for (const { key, value, error } of verdict.annotations) {
      if (error !== undefined) {
        outcome.refuse({ policy, binding, message: error, reason: "" });
        count("deny", error);
      } else outcome.annotate(policy, key, value ?? "");
    }
  }
}

/** What all policies together say: denials, warnings, what is audited. */
class Outcome {
  readonly #attributes: AdmissionAttributes;
  readonly #denials: Denial[] = [];
  readonly #failures: Failure[] = [];
  /** By policy, then key: values of several bindings are joined. */
  readonly #annotations = new Map<string, Map<string, Set<string>>>();

  constructor(attributes: AdmissionAttributes) {
    this.#attributes = attributes;
  }

  fault(policy: Policy, binding: Binding | undefined, message: string): void {
    if (policy.spec?.failurePolicy !== "Ignore") this.refuse({ policy, binding, message, reason: "" });
  }

  refuse(denial: Denial): void {
    this.#denials.push(denial);
  }

  /** As the binding's validationActions have it. */
  deny(denial: Denial & { readonly binding: Binding }, expressionIndex: number): void {
    const { policy, binding, message } = denial;
    const { validationActions = [], policyName = "" } = binding.spec ?? {};
    for (const action of validationActions) {
      if (action === "Deny") this.#denials.push(denial);
      else if (action === "Audit")
        this.#failures.push({
          message,
          policy: policyName,
          binding: nameOf(binding),
          expressionIndex,
          validationActions,
        });
      else if (action === "Warn") {
        const which = `ValidatingAdmissionPolicy '${nameOf(policy)}' with binding '${nameOf(binding)}'`;
        this.#attributes.warn(`Validation failed for ${which}: ${message}`);
      }
    }
  }

  annotate(policy: Policy, key: string, value: string): void {
    const name = nameOf(policy);
    const ofPolicy = this.#annotations.get(name) ?? new Map<string, Set<string>>();
    this.#annotations.set(name, ofPolicy);
    const values = ofPolicy.get(key) ?? new Set<string>();
    ofPolicy.set(key, values);
    values.add(Buffer.from(value).subarray(0, maxAnnotationBytes).toString());
  }

  /** @throws StatusError for the first denial */
  finish(): void {
    for (const [policy, keys] of this.#annotations) {
      for (const [key, values] of keys) this.#attributes.annotate(`${policy}/${key}`, [...values].join(", "));
    }
    if (this.#failures.length > 0) {
      this.#attributes.annotate(failureKey, JSON.stringify(this.#failures.slice(0, maxFailures)));
    }
    const [first] = this.#denials;
    if (first !== undefined) throw denied(this.#attributes, first);
  }
}

function denied(attributes: AdmissionAttributes, { policy, binding, message, reason }: Denial): StatusError {
  const by = binding === undefined ? "" : ` with binding '${nameOf(binding)}'`;
  const text = `ValidatingAdmissionPolicy '${nameOf(policy)}'${by} denied request: ${message}`;
  const { status } = refuse(attributes, text);
  const chosen = reason || "Invalid";
  return StatusError.fromStatus({
    ...status,
    reason: chosen,
    code: codes[chosen] ?? 422,
    details: { ...status.details, causes: [...(status.details?.causes ?? []), { message: text }] },
  });
}
