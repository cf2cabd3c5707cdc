/** ClusterRoles that are the sum of others: admin, edit and view grow with every role labelled for them. Behaviour of upstream's pkg/controller/clusterroleaggregation. */

import { type ClusterRole, clusterRoles, type PolicyRule } from "@kubets/api";
import { clone, deepEqual, keyOf, selectorFromLabelSelector } from "@kubets/apimachinery";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";

/** The rules of all roles that one selects, in order of their names, each once. Pure. */
function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const labelSelector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = selectorFromLabelSelector(labelSelector);
    const chosen = all.filter(
      (other) => keyOf(other) !== keyOf(role) && selector.matches(other.metadata?.labels ?? {}),
    );
    for (const other of chosen.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))) {
      for (const rule of other.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

function create(context: ControllerContext): Runnable {
  const roles = context.informers.informer(clusterRoles);
  const controller = new Controller({
    name: "clusterrole-aggregation-controller",
    queueName: "ClusterRoleAggregator",
    clock: context.clock,
    logger: context.logger,
    meters: context.meters,
    async reconcile(key, signal) {
      const role = roles.lister.getByKey(key);
      if (role?.aggregationRule === undefined) return undefined;
      const rules = aggregatedRules(role, roles.lister.list());
      if (deepEqual(rules, role.rules ?? [])) return undefined;
      await context.client.resource(clusterRoles).update({ ...clone(role), rules: clone(rules) }, { signal });
      return undefined;
    },
  });
  // Any role may be part of any sum; sums are few.
  const changed = () => {
    for (const role of roles.lister.list()) if (role.aggregationRule !== undefined) controller.enqueue(keyOf(role));
  };
  roles.addHandler({ add: changed, update: changed, delete: changed });
  return controller;
}

export const clusterRoleAggregationController: ControllerDefinition = {
  name: "clusterrole-aggregation-controller",
  serviceAccount: "clusterrole-aggregation-controller",
  create,
};
