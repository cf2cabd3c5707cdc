/** Resolves a pod's priority class, and guards the classes. Source: kubernetes' plugin/pkg/admission/priority. */

import type { Pod, PriorityClass } from "@kubets/api";
import { refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

/** The classes every cluster has, whether or not their objects have been made yet. */
const systemPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

interface Resolved {
  readonly className: string;
  readonly priority: number;
  readonly preemptionPolicy: string;
}

export function priorityAdmission(classes: Lister<PriorityClass>): AdmissionPlugin {
  return {
    name: "Priority",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    concerns({ group, plural }, _operation, subresource) {
      if (plural === "pods" && group === "") return subresource === "";
      return plural === "priorityclasses" && group === "scheduling.k8s.io" && subresource === "";
    },
    mutate(attributes) {
      if (attributes.definition.plural !== "pods") return;
      if (attributes.operation === "CREATE") setPriority(attributes, classes);
      else keepPriority(attributes.object as Pod, attributes.oldObject as Pod);
    },
    validate(attributes) {
      if (attributes.definition.plural !== "priorityclasses") return;
      const wanted = attributes.object as PriorityClass;
      if (!wanted.globalDefault) return;
      const present = defaultClass(classes);
      if (present === undefined || present.metadata?.name === wanted.metadata?.name) return;
      const name = present.metadata?.name;
      throw refuse(attributes, `PriorityClass ${name} is already marked as default. Only one default can exist`);
    },
  };
}

function setPriority(attributes: AdmissionAttributes, classes: Lister<PriorityClass>): void {
  const { spec } = attributes.object as Pod;
  if (spec === undefined) return;
  const { className, priority, preemptionPolicy } = resolve(attributes, spec.priorityClassName ?? "", classes);
  if (spec.priority !== undefined && spec.priority !== priority)
    throw refuse(attributes, mismatch("integer value of priority", `${spec.priority}`, `${priority}`));
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy)
    throw refuse(attributes, mismatch("string value of PreemptionPolicy", spec.preemptionPolicy, preemptionPolicy));
  if (className !== "") spec.priorityClassName = className;
  spec.priority = priority;
  spec.preemptionPolicy = preemptionPolicy;
}

function mismatch(what: string, given: string, computed: string): string {
  return `the ${what} (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`;
}

function resolve(attributes: AdmissionAttributes, className: string, classes: Lister<PriorityClass>): Resolved {
  if (className === "") {
    const found = defaultClass(classes);
    return found === undefined
      ? { className: "", priority: 0, preemptionPolicy: "PreemptLowerPriority" }
      : resolved(found);
  }
  const found = classes.get("", className);
  if (found !== undefined) return resolved(found);
  const priority = Object.hasOwn(systemPriorities, className) ? systemPriorities[className] : undefined;
  if (priority === undefined) throw refuse(attributes, `no PriorityClass with name ${className} was found`);
  return { className, priority, preemptionPolicy: "PreemptLowerPriority" };
}

function resolved({ metadata, value, preemptionPolicy }: PriorityClass): Resolved {
  const className = metadata?.name ?? "";
  return { className, priority: value ?? 0, preemptionPolicy: preemptionPolicy ?? "PreemptLowerPriority" };
}

/** If several were made at once, the lowest is the one, as upstream decides it. */
function defaultClass(classes: Lister<PriorityClass>): PriorityClass | undefined {
  let lowest: PriorityClass | undefined;
  for (const each of classes.in("").values()) {
    if (each.globalDefault && (lowest === undefined || (each.value ?? 0) < (lowest.value ?? 0))) lowest = each;
  }
  return lowest;
}

/** What admission set at creation, a client that does not know the fields may leave out. */
function keepPriority({ spec }: Pod, { spec: old }: Pod): void {
  if (spec === undefined || old === undefined) return;
  if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.preemptionPolicy;
}
