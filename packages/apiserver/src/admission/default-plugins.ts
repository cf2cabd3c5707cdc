/** Which admission plugins run, in upstream's order, whatever the order they are named in. */

import type { Clock, Random } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { NodeRestriction } from "./node-restriction.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { priorityAdmission } from "./priority.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./taints.ts";

export interface AdmissionOptions {
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  /** `--enable-admission-plugins`: beyond the defaults. */
  readonly enable?: readonly string[];
  /** `--disable-admission-plugins` */
  readonly disable?: readonly string[];
}

/** Off unless asked for. kubeadm asks for it, and so should every cluster with more than one node. */
const offByDefault = new Set(["NodeRestriction"]);

/** @throws Error naming a plugin that is not there */
export function admissionPlugins(options: AdmissionOptions): AdmissionPlugin[] {
  const { reader, enable = [], disable = [] } = options;
  const all: AdmissionPlugin[] = [
    namespaceLifecycle(reader),
    limitRanger(reader),
    new ServiceAccountAdmission(options),
    new NodeRestriction(reader),
    taintNodesByCondition,
    priorityAdmission(reader),
    defaultTolerationSeconds(),
  ];
  const known = new Set(all.map(({ name }) => name));
  for (const name of [...enable, ...disable]) {
    if (known.has(name)) continue;
    throw new Error(`unknown admission plugin ${JSON.stringify(name)}; there are ${[...known].sort().join(", ")}`);
  }
  return all.filter(({ name }) => !disable.includes(name) && (enable.includes(name) || !offByDefault.has(name)));
}
