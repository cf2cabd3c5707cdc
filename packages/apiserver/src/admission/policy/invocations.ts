/** What of the policies there are is for a request: each policy with a binding and a parameter. Source: apiserver's admission/plugin/policy/generic. */

import { type Namespace, namespaces, type ResourceDefinition } from "@kubets/api";
import { type KubeObject, messageOf, notFound, pushAll } from "@kubets/apimachinery";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { type Cel, type PresentedObjects, requestBindings } from "../cel/index.ts";
import { type Candidate, type MatchSource, matchRequest, namespaceOf } from "../matching/index.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import { Activation } from "./activation.ts";
import type { CompiledPolicy, Policy } from "./compile-policy.ts";
import { collectParams, paramResource } from "./params.ts";
import type { Binding, BoundPolicy } from "./policies.ts";

export interface Invocation<P extends Policy, B extends Binding> {
  readonly policy: P;
  readonly binding: B;
  readonly as: ResourceDefinition;
  readonly param: KubeObject | null;
}

/** A policy, or one of its bindings, cannot be evaluated. */
export interface ConfigurationFault<P extends Policy, B extends Binding> {
  readonly policy: P;
  readonly binding: B | undefined;
  readonly message: string;
}

export type Selected<P extends Policy, B extends Binding> = Invocation<P, B> | ConfigurationFault<P, B>;

/** Reviews that authenticators and authorizers live by: a policy that failed on them could not be mended. */
const excluded = new Set([
  "authentication.k8s.io/selfsubjectreviews",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authorization.k8s.io/subjectaccessreviews",
]);

export function isExcluded({ group, plural }: ResourceDefinition): boolean {
  return excluded.has(`${group}/${plural}`);
}

/** All that match, in order; a binding whose parameters are not there, and need not be, gives none. */
export async function selectInvocations<P extends Policy, B extends Binding>(
  candidates: readonly Candidate<BoundPolicy<P, B>>[],
  attributes: AdmissionAttributes,
  source: MatchSource,
): Promise<readonly Selected<P, B>[]> {
  const selected: Selected<P, B>[] = [];
  for (const candidate of candidates) pushAll(selected, await selectPolicy(candidate, attributes, source));
  return selected;
}

async function selectPolicy<P extends Policy, B extends Binding>(
  candidate: Candidate<BoundPolicy<P, B>>,
  attributes: AdmissionAttributes,
  source: MatchSource,
): Promise<readonly Selected<P, B>[]> {
  const { policy, bindings } = candidate.value;
  const selected: Selected<P, B>[] = [];
  try {
    const as = await matchRequest(candidate, attributes, source);
    if (as === undefined) return [];
    const { paramKind } = policy.spec ?? {};
    const served = paramKind === undefined ? undefined : paramResource(source.resources(), paramKind);
    for (const { binding, table } of bindings) {
      try {
        if (table !== undefined && !(await tableMatches(table.candidates(attributes), attributes, source))) continue;
        const params = await collectParams(served, binding.spec?.paramRef, namespaceOf(attributes));
        for (const param of params) selected.push({ policy, binding, as, param });
      } catch (error) {
        const message = `failed to configure binding: ${messageOf(error)}`;
        selected.push({ policy, binding, message });
      }
    }
  } catch (error) {
    selected.push({ policy, binding: undefined, message: `failed to configure policy: ${messageOf(error)}` });
  }
  return selected;
}

async function tableMatches<T>(
  candidates: readonly Candidate<T>[],
  attributes: AdmissionAttributes,
  source: MatchSource,
): Promise<boolean> {
  const [candidate] = candidates;
  return candidate !== undefined && (await matchRequest(candidate, attributes, source)) !== undefined;
}

export function isFault<P extends Policy, B extends Binding>(
  selected: Selected<P, B>,
): selected is ConfigurationFault<P, B> {
  return "message" in selected;
}

/** What expressions see of one request. */
export class RequestVariables {
  readonly #cel: Cel;
  readonly #attributes: AdmissionAttributes;
  readonly #namespace: object | null;
  readonly #authorizer: Authorizer;

  private constructor(cel: Cel, attributes: AdmissionAttributes, namespace: object | null, authorizer: Authorizer) {
    this.#cel = cel;
    this.#attributes = attributes;
    this.#namespace = namespace;
    this.#authorizer = authorizer;
  }

  /** @throws StatusError 404 for a namespace that is not there */
  static async of(
    cel: Cel,
    attributes: AdmissionAttributes,
    { reader }: Pick<MatchSource, "reader">,
    authorizer: Authorizer,
  ): Promise<RequestVariables> {
    const { namespace, definition } = attributes;
    const ofNamespace = namespace !== "" && !(definition.group === "" && definition.kind === "Namespace");
    const found = ofNamespace ? await reader.get<Namespace>(namespaces, "", namespace) : undefined;
    if (ofNamespace && found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
    return new RequestVariables(cel, attributes, found === undefined ? null : shown(found), authorizer);
  }

  /** A new set of variables: what a policy's `variables` are is found out anew, and paid for, in each. */
  activation(
    policy: CompiledPolicy,
    presented: PresentedObjects,
    param: KubeObject | null,
    namespace = true,
  ): Activation {
    return new Activation(this.#cel, policy, {
      ...requestBindings(this.#cel, this.#authorizer, this.#attributes, presented),
      namespaceObject: namespace ? this.#namespace : null,
      params: param,
    });
  }
}

/** What of a Namespace is shown. */
function shown({ metadata = {}, spec = {}, status = {} }: Namespace): object {
  const { managedFields: _, ownerReferences: __, selfLink: ___, ...rest } = metadata;
  return { metadata: rest, spec, status };
}
