/** Resolves a pod's priority class, and guards the classes. Source: kubernetes' plugin/pkg/admission/priority. */

import { type Pod, type PriorityClass, priorityClasses } from "@kubets/api";
import type { ObjectReader } from "../reader/object-reader.ts";
import { isAbout, refuse } from "./errors.ts";
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

export function priorityAdmission(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "Priority",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    async mutate(attributes) {
      if (!isAbout(attributes, "", "pods")) return;
      if (attributes.operation === "CREATE") await setPriority(attributes, reader);
      else keepPriority(attributes.object as Pod, attributes.oldObject as Pod);
    },
    async validate(attributes) {
      if (!isAbout(attributes, "scheduling.k8s.io", "priorityclasses")) return;
      const wanted = attributes.object as PriorityClass;
      if (!wanted.globalDefault) return;
      const present = await defaultClass(reader);
      if (present === undefined || present.metadata?.name === wanted.metadata?.name) return;
      const name = present.metadata?.name;
      throw refuse(attributes, `PriorityClass ${name} is already marked as default. Only one default can exist`);
    },
  };
}

async function setPriority(attributes: AdmissionAttributes, reader: ObjectReader): Promise<void> {
  const { spec } = attributes.object as Pod;
  if (spec === undefined) return;
  const { className, priority, preemptionPolicy } = await resolve(attributes, spec.priorityClassName ?? "", reader);
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

async function resolve(attributes: AdmissionAttributes, className: string, reader: ObjectReader): Promise<Resolved> {
  if (className === "") {
    const found = await defaultClass(reader);
    return found === undefined
      ? { className: "", priority: 0, preemptionPolicy: "PreemptLowerPriority" }
      : resolved(found);
  }
  const found = await reader.get(priorityClasses, "", className);
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
async function defaultClass(reader: ObjectReader): Promise<PriorityClass | undefined> {
  const classes = (await reader.list(priorityClasses, "")).filter(({ globalDefault }) => globalDefault);
  return classes.reduce<PriorityClass | undefined>(
    (lowest, other) => (lowest === undefined || (other.value ?? 0) < (lowest.value ?? 0) ? other : lowest),
    undefined,
  );
}

/** What admission set at creation, a client that does not know the fields may leave out. */
function keepPriority({ spec }: Pod, { spec: old }: Pod): void {
  if (spec === undefined || old === undefined) return;
  if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.preemptionPolicy;
}
