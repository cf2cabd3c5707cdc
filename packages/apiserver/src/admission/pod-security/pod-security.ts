/**
 * Pod security: what pods of a namespace may do, by the namespace's labels. Pods that violate what is enforced are refused; what is audited or
 * warned of is told, for pods and for what makes pods. Source: k8s.io/pod-security-admission/admission.
 */

import { type Namespace, namespaces, type Pod, type PodSpec, type PodTemplateSpec, pods } from "@kubets/api";
import {
  type Clock,
  deepEqual,
  forbidden,
  invalid,
  type KubeObject,
  type ObjectMeta,
  StatusError,
} from "@kubets/apimachinery";
import type { ObjectReader } from "../../reader/object-reader.ts";
import type { PodSecurityConfiguration } from "../configuration.ts";
import type { Lister } from "../lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../plugin.ts";
import { detailsOf, violations } from "./evaluate.ts";
import { existingPodWarnings } from "./existing-pods.ts";
import {
  compareLevels,
  defaultPolicy,
  equivalent,
  formatLevelVersion,
  isFullyPrivileged,
  type LevelVersion,
  labelPrefix,
  type Mode,
  type NamespacePolicy,
  type Policy,
  policyOf,
  sameLevelVersion,
} from "./policy.ts";

export interface PodSecurityOptions {
  readonly namespaces: Lister<Namespace>;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly config?: PodSecurityConfiguration | undefined;
}

/** Where a kind's pods are described. */
const templates: Readonly<Record<string, (object: KubeObject) => PodTemplateSpec | undefined>> = {
  "/replicationcontrollers": specTemplate,
  "/podtemplates": (object) => (object as { template?: PodTemplateSpec }).template,
  "apps/replicasets": specTemplate,
  "apps/deployments": specTemplate,
  "apps/statefulsets": specTemplate,
  "apps/daemonsets": specTemplate,
  "batch/jobs": specTemplate,
  "batch/cronjobs": (object) =>
    (object as { spec?: { jobTemplate?: { spec?: { template?: PodTemplateSpec } } } }).spec?.jobTemplate?.spec
      ?.template,
};

function specTemplate(object: KubeObject): PodTemplateSpec | undefined {
  return (object as { spec?: { template?: PodTemplateSpec } }).spec?.template;
}

/** Subresources that leave a pod's spec alone. */
const ignoredSubresources = new Set(["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"]);

export class PodSecurity implements AdmissionPlugin {
  readonly name = "PodSecurity";
  readonly #options: PodSecurityOptions;
  readonly #defaults: Policy;
  readonly #exempt: Readonly<Record<"users" | "namespaces" | "runtimeClasses", ReadonlySet<string>>>;
  /** Of a namespace as it is now: the same object, the same labels. */
  readonly #policies = new WeakMap<Namespace, NamespacePolicy>();

  /** @throws Error when the configuration is wrong */
  constructor(options: PodSecurityOptions) {
    this.#options = options;
    this.#defaults = defaultPolicy(options.config?.defaults);
    const { usernames = [], namespaces: exempted = [], runtimeClasses = [] } = options.config?.exemptions ?? {};
    this.#exempt = {
      users: new Set(usernames),
      namespaces: new Set(exempted),
      runtimeClasses: new Set(runtimeClasses),
    };
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  concerns({ group, plural }: AdmissionAttributes["definition"], _operation: string, subresource: string): boolean {
    if (group === "" && plural === "pods") return !ignoredSubresources.has(subresource);
    if (subresource !== "") return false;
    return (group === "" && plural === "namespaces") || Object.hasOwn(templates, `${group}/${plural}`);
  }

  validate(attributes: AdmissionAttributes): Promise<void> | void {
    const { group, plural } = attributes.definition;
    if (group === "" && plural === "namespaces") return this.#namespace(attributes);
    const exemption = this.#exemptionOf(attributes);
    if (exemption !== undefined) return annotate(attributes, "exempt", exemption);
    const known = this.#options.namespaces.get("", attributes.namespace);
    if (known !== undefined) return this.#decide(attributes, known);
    return this.#options.reader.get(namespaces, "", attributes.namespace).then((found) => {
      if (found !== undefined) return this.#decide(attributes, found);
      const why = `failed to lookup namespace ${JSON.stringify(attributes.namespace)}`;
      annotate(attributes, "error", why);
      if (plural === "pods") throw new StatusError(500, "InternalError", `Internal error occurred: ${why}`);
    });
  }

  #exemptionOf({ namespace, user }: AdmissionAttributes): string | undefined {
    if (this.#exempt.namespaces.has(namespace)) return "namespace";
    return user.name !== "" && this.#exempt.users.has(user.name) ? "user" : undefined;
  }

  #policyOf(namespace: Namespace): NamespacePolicy {
    let found = this.#policies.get(namespace);
    if (found === undefined) {
      found = policyOf(namespace.metadata?.labels, this.#defaults);
      this.#policies.set(namespace, found);
    }
    return found;
  }

  #decide(attributes: AdmissionAttributes, namespace: Namespace): void {
    const known = this.#policyOf(namespace);
    const { definition, object, oldObject, operation } = attributes;
    if (definition.plural === "pods") {
      if (known.errors.length === 0 && isFullyPrivileged(known.policy))
        return annotate(attributes, "enforce-policy", "privileged:latest");
      if (operation === "UPDATE" && !isSignificant(object as Pod, oldObject as Pod)) return;
      const { spec, metadata } = object as Pod;
      return this.#evaluate(attributes, known, spec ?? { containers: [] }, metadata ?? {}, true);
    }
    const { warn, audit } = known.policy;
    if (known.errors.length === 0 && warn.level === "privileged" && audit.level === "privileged") return;
    const template = templates[`${definition.group}/${definition.plural}`]!(object!);
    if (template?.spec !== undefined) this.#evaluate(attributes, known, template.spec, template.metadata ?? {}, false);
  }

  #evaluate(
    attributes: AdmissionAttributes,
    { policy, errors }: NamespacePolicy,
    spec: PodSpec,
    metadata: ObjectMeta,
    isEnforced: boolean,
  ): void {
    if (spec.runtimeClassName && this.#exempt.runtimeClasses.has(spec.runtimeClassName))
      return annotate(attributes, "exempt", "runtimeClass");
    if (errors.length > 0) annotate(attributes, "error", `Failed to parse policy: ${aggregate(errors)}`);
    // Modes often agree: then the pod is looked at once.
    const results = new Map<string, string>();
    const detailOf = (what: LevelVersion) => {
      const key = formatLevelVersion(what);
      let detail = results.get(key);
      if (detail === undefined) {
        detail = detailsOf(violations(what, spec, metadata));
        results.set(key, detail);
      }
      return detail;
    };
    const { enforce, audit, warn } = policy;
    if (isEnforced) annotate(attributes, "enforce-policy", formatLevelVersion(enforce));
    const told = (what: LevelVersion) =>
      `violate PodSecurity ${JSON.stringify(formatLevelVersion(what))}: ${detailOf(what)}`;
    if (detailOf(audit) !== "") annotate(attributes, "audit-violations", `would ${told(audit)}`);
    if (isEnforced && detailOf(enforce) !== "") {
      const { group, plural } = attributes.definition;
      throw forbidden({ group, resource: plural }, attributes.name, told(enforce).replace("violate", "violates"));
    }
    if (detailOf(warn) !== "") attributes.warn(`would ${told(warn)}`);
  }

  #namespace(attributes: AdmissionAttributes): Promise<void> | void {
    const namespace = attributes.object as Namespace;
    const name = namespace.metadata?.name ?? "";
    const wanted = policyOf(namespace.metadata?.labels, this.#defaults);
    const before =
      attributes.oldObject === undefined
        ? undefined
        : policyOf((attributes.oldObject as Namespace).metadata?.labels, this.#defaults);
    if (wanted.errors.length > 0 && !deepEqual(wanted.errors, before?.errors))
      throw invalid("", "Namespace", name, [...wanted.errors]);
    const enforce = wanted.policy.enforce;
    if (before !== undefined && isNoStricter(enforce, before.policy.enforce)) return;
    if (this.#exempt.namespaces.has(name)) {
      const warning = this.#ignoredPolicy(name, wanted.policy, namespace.metadata?.labels ?? {});
      if (warning !== undefined) attributes.warn(warning);
      return;
    }
    if (before !== undefined) return this.#warnOfPods(attributes, name, enforce);
  }

  async #warnOfPods({ warn }: AdmissionAttributes, namespace: string, enforce: LevelVersion): Promise<void> {
    const { reader, clock } = this.#options;
    const exempt = this.#exempt.runtimeClasses;
    const present = (await reader.list(pods, namespace)).filter(
      ({ spec }) => !exempt.has(spec?.runtimeClassName ?? ""),
    );
    for (const warning of existingPodWarnings(namespace, present, enforce, clock)) warn(warning);
  }

  #ignoredPolicy(name: string, policy: Policy, labels: Readonly<Record<string, string>>): string | undefined {
    if (isFullyPrivileged(policy) || equivalent(policy, this.#defaults)) return undefined;
    const modes: Mode[] = ["enforce", "audit", "warn"];
    const said = modes.filter((mode) => {
      const isSet = Object.hasOwn(labels, labelPrefix + mode) || Object.hasOwn(labels, `${labelPrefix}${mode}-version`);
      return isSet && policy[mode].level !== "privileged";
    });
    const list = said.map((mode) => `${mode}=${formatLevelVersion(policy[mode])}`).join(", ");
    return `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${list}) will be ignored`;
  }
}

/** Pods that are there already comply, or need not. */
function isNoStricter(wanted: LevelVersion, before: LevelVersion): boolean {
  if (sameLevelVersion(wanted, before) || wanted.level === "privileged") return true;
  return wanted.version === before.version && compareLevels(wanted.level, before.level) < 1;
}

/** Whether an update changes anything that checks look at: of a pod that is, images and new containers. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const [now, before] = [pod.spec, old.spec];
  for (const kind of ["containers", "initContainers"] as const) {
    const [a = [], b = []] = [now?.[kind], before?.[kind]];
    if (a.length !== b.length || a.some(({ image }, i) => image !== b[i]?.image)) return true;
  }
  return (now?.ephemeralContainers ?? []).some(({ name, image }) => {
    const same = before?.ephemeralContainers?.find((other) => other.name === name);
    return same === undefined || same.image !== image;
  });
}

function annotate(attributes: AdmissionAttributes, key: string, value: string): void {
  attributes.annotate(labelPrefix + key, value);
}

function aggregate(errors: NamespacePolicy["errors"]): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
}
