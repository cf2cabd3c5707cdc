/** Tolerations that a namespace gives its pods, and those it lets them have. Source: kubernetes' plugin/pkg/admission/podtolerationrestriction. */

import { type Namespace, namespaces, type Pod, qosClassOf, type Toleration } from "@kubets/api";
import { notFound, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";
import { allWithin, mergeTolerations } from "./tolerations.ts";

const defaultsAnnotation = "scheduler.alpha.kubernetes.io/defaultTolerations";
const whitelistAnnotation = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";

/** Of the whole cluster, where a namespace says nothing. */
export interface TolerationRestrictionConfig {
  readonly default?: readonly Toleration[];
  readonly whitelist?: readonly Toleration[];
}

export class PodTolerationRestriction implements AdmissionPlugin {
  readonly name = "PodTolerationRestriction";
  readonly concerns = onlyAbout("", "pods");
  readonly #namespaces: Lister<Namespace>;
  readonly #reader: ObjectReader;
  readonly #config: TolerationRestrictionConfig;

  constructor(lister: Lister<Namespace>, reader: ObjectReader, config: TolerationRestrictionConfig = {}) {
    this.#namespaces = lister;
    this.#reader = reader;
    this.#config = config;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  mutate(attributes: AdmissionAttributes): Promise<void> | void {
    return this.#withNamespace(attributes, (namespace) => {
      const pod = attributes.object as Pod;
      const extra = [...(attributes.operation === "CREATE" ? this.#defaultsOf(namespace) : [])];
      if (qosClassOf(pod) !== "BestEffort")
        extra.push({ key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" });
      if (extra.length > 0 && pod.spec !== undefined)
        pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], extra);
      this.#check(namespace, pod);
    });
  }

  validate(attributes: AdmissionAttributes): Promise<void> | void {
    return this.#withNamespace(attributes, (namespace) => this.#check(namespace, attributes.object as Pod));
  }

  #withNamespace({ namespace }: AdmissionAttributes, then: (found: Namespace) => void): Promise<void> | void {
    const known = this.#namespaces.get("", namespace);
    if (known !== undefined) return then(known);
    return this.#reader.get(namespaces, "", namespace).then((found) => {
      if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
      then(found);
    });
  }

  #defaultsOf(namespace: Namespace): readonly Toleration[] {
    return tolerationsIn(namespace, defaultsAnnotation) ?? this.#config.default ?? [];
  }

  #check(namespace: Namespace, pod: Pod): void {
    const own = pod.spec?.tolerations ?? [];
    if (own.length === 0) return;
    const allowed = tolerationsIn(namespace, whitelistAnnotation) ?? this.#config.whitelist ?? [];
    if (allWithin(own, allowed)) return;
    const why =
      "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist";
    throw new StatusError(500, "", why);
  }
}

/** Undefined where the namespace says nothing; empty text says none. */
function tolerationsIn({ metadata }: Namespace, annotation: string): readonly Toleration[] | undefined {
  const text = metadata?.annotations?.[annotation];
  if (text === undefined) return undefined;
  if (text === "") return [];
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return parsed as Toleration[];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new StatusError(500, "", `annotation ${annotation} of namespace ${metadata?.name} holds no tolerations`);
}
