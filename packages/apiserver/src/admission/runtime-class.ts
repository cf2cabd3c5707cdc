/** Gives a pod the overhead and the placement of its RuntimeClass. Source: kubernetes' plugin/pkg/admission/runtimeclass. */

import { type Pod, type RuntimeClass, runtimeClasses } from "@kubets/api";
import { tryParseQuantity } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";
import { mergeTolerations } from "./tolerations.ts";

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

export function runtimeClassAdmission(classes: Lister<RuntimeClass>, reader: ObjectReader): AdmissionPlugin {
  const withClass = (attributes: AdmissionAttributes, then: (found: RuntimeClass | undefined) => void) => {
    const name = (attributes.object as Pod).spec?.runtimeClassName;
    if (name === undefined) return then(undefined);
    const known = classes.get("", name);
    if (known !== undefined) return then(known);
    return reader.get(runtimeClasses, "", name).then((found) => {
      if (found === undefined) throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
      then(found);
    });
  };
  return {
    name: "RuntimeClass",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout("", "pods"),
    mutate: (attributes) =>
      withClass(attributes, (found) => {
        if (found === undefined) return;
        setOverhead(attributes, found);
        setScheduling(attributes, found);
      }),
    validate: (attributes) => withClass(attributes, (found) => checkOverhead(attributes, found)),
  };
}

function setOverhead(attributes: AdmissionAttributes, { overhead }: RuntimeClass): void {
  const spec = (attributes.object as Pod).spec!;
  if (overhead === undefined) return;
  if (spec.overhead !== undefined && !sameAmounts(spec.overhead, overhead.podFixed)) throw refuse(attributes, mismatch);
  if (overhead.podFixed !== undefined) spec.overhead = { ...overhead.podFixed };
}

function setScheduling(attributes: AdmissionAttributes, { scheduling }: RuntimeClass): void {
  if (scheduling === undefined) return;
  const spec = (attributes.object as Pod).spec!;
  const { nodeSelector = {}, tolerations = [] } = scheduling;
  for (const [key, wanted] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === wanted) continue;
    throw refuse(
      attributes,
      `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}; pod.spec.nodeSelector[${key}] = ${own}`,
    );
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  if (tolerations.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations);
}

function checkOverhead(attributes: AdmissionAttributes, found: RuntimeClass | undefined): void {
  const own = (attributes.object as Pod).spec?.overhead;
  if (found?.overhead !== undefined) {
    if (!sameAmounts(own, found.overhead.podFixed)) throw refuse(attributes, mismatch);
  } else if (own !== undefined) {
    throw refuse(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  }
}

type Amounts = Readonly<Record<string, string>>;

function sameAmounts(a: Amounts = {}, b: Amounts = {}): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [left, right] = [tryParseQuantity(a[name]), tryParseQuantity(b[name])];
    return left !== undefined && right !== undefined && left.cmp(right) === 0;
  });
}
