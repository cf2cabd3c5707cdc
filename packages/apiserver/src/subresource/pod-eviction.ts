/** `pods/NAME/eviction`: a delete that asks the PodDisruptionBudgets first. Source: pkg/registry/core/pod/storage/eviction.go. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isPodActive, isPodReady, type Pod, type PodDisruptionBudget, schemaSet } from "@kubets/api";
import {
  badRequest,
  clone,
  forbidden,
  formatTime,
  isConflict,
  type KubeObject,
  type LabelSelector,
  StatusError,
  selectorFromLabelSelector,
  tooManyRequests,
} from "@kubets/apimachinery";
import { remove } from "../registry/delete.ts";
import { listPrefix } from "../registry/keys.ts";
import { requireSameNamespace } from "../registry/same-namespace.ts";
import { update } from "../registry/update.ts";
import { isJsonObject, readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { type Answer, value } from "../request/request.ts";
import { type DeleteOptions, parseDeleteOptions, parseWriteOptions } from "../request/write-options.ts";
import { type ResourceCall, writeRequestOf } from "../server/context.ts";
import { admitCreate } from "./admit-create.ts";
import { successStatus } from "./status.ts";

const evictionKind = { group: "policy", version: "v1", kind: "Eviction" };
const evictionSchema = { $ref: "#/components/schemas/io.k8s.api.policy.v1.Eviction" };
const maxDisruptedPods = 2000;
const maxAttempts = 20;
const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";

export async function evictPod(call: ResourceCall): Promise<Answer> {
  const { registry } = call.resource;
  const { namespace, name } = call.info;
  const options = await evictionOptions(call);
  const { resourceVersion: askedVersion } = options.preconditions;
  for (let attempt = 1; ; attempt++) {
    const pod = (await registry.get(namespace, name)).object as Pod;
    const direct = needsNoBudget(pod);
    const budgets = direct ? [] : await budgetsOf(call, pod);
    if (budgets.length > 1) throw severalBudgets();
    const [budget] = budgets;
    const spares = budget !== undefined && !isPodReady(pod) && hasEnough(budget);
    if (budget !== undefined && !spares) await take(call, budget, options.dryRun);
    // A pod that could become ready meanwhile is only deleted as it was seen.
    const pinned = askedVersion === undefined && ((direct && isPodActive(pod)) || spares);
    try {
      await deletePod(call, pinned ? pinnedTo(options, pod) : options);
      return value(201, successStatus(201));
    } catch (error) {
      if (!isConflict(error) || askedVersion !== undefined || attempt === maxAttempts) throw error;
      if (spares) throw stillProcessed(budget);
      if (!direct) throw error;
      await nextTurn();
    }
  }
}

async function evictionOptions(call: ResourceCall): Promise<DeleteOptions> {
  const { dryRun, fieldValidation } = parseWriteOptions(call.request.query, "CreateOptions");
  const body = await readObjectBody(call.request, "Eviction");
  const isOld = isJsonObject(body?.value) && body.value["apiVersion"] === "policy/v1beta1";
  const eviction: KubeObject & { deleteOptions?: unknown } = decodeObject(body, {
    definition: { ...evictionKind, version: isOld ? "v1beta1" : "v1", schema: evictionSchema },
    schemas: schemaSet,
    fieldValidation,
    warn: call.warn,
  });
  call.audit?.requestObject(eviction);
  if (eviction.metadata?.name !== undefined && eviction.metadata.name !== call.info.name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  requireSameNamespace(eviction.metadata?.namespace, call.info.namespace);
  const options = parseDeleteOptions(new URLSearchParams(), eviction.deleteOptions ?? {});
  const isDryRun = options.dryRun || dryRun;
  await admitCreate(call, eviction, { kind: evictionKind, dryRun: isDryRun });
  return { ...options, dryRun: isDryRun };
}

function pinnedTo(options: DeleteOptions, pod: Pod): DeleteOptions {
  return {
    ...options,
    preconditions: { ...options.preconditions, resourceVersion: pod.metadata!.resourceVersion! },
  };
}

async function deletePod(call: ResourceCall, deleteOptions: DeleteOptions): Promise<void> {
  const { dryRun } = deleteOptions;
  const options = { dryRun, fieldManager: "", fieldValidation: "Ignore", force: undefined } as const;
  const request = writeRequestOf(call, options, "DeleteOptions");
  const admitted = { admitted: true, subresource: "eviction", deleteOptions, options: deleteOptions };
  await remove(call.resource.registry, { ...request, ...admitted });
}

function needsNoBudget(pod: Pod): boolean {
  return !isPodActive(pod) || pod.status?.phase === "Pending";
}

/** Whether a pod that is not ready may go without being counted. Source: KEP-3017, unhealthyPodEvictionPolicy. */
function hasEnough({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  return (status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0) && (status?.desiredHealthy ?? 0) > 0;
}

async function budgetsOf({ server, info }: ResourceCall, pod: Pod): Promise<PodDisruptionBudget[]> {
  const budgets = server.resources.find("policy", "poddisruptionbudgets");
  if (budgets === undefined) return [];
  const { entries } = await server.store.list(listPrefix(budgets.definition, info.namespace));
  return entries
    .map((entry) => budgets.registry.served(entry).object as PodDisruptionBudget)
    .filter((budget) => selects(budget, pod));
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  try {
    const selector = selectorFromLabelSelector(spec?.selector as LabelSelector | undefined);
    return !selector.empty && selector.matches(pod.metadata?.labels);
  } catch {
    return false; // A budget whose selector cannot be read is nobody's, as upstream has it.
  }
}

/** Counts one disruption against the budget. @throws StatusError 429 when there is none left */
async function take(call: ResourceCall, { metadata }: PodDisruptionBudget, dryRun: boolean): Promise<void> {
  const { server, info, user } = call;
  const { registry } = server.resources.find("policy", "poddisruptionbudgets")!;
  await update(registry, {
    namespace: info.namespace,
    name: metadata!.name!,
    subresource: "status",
    user,
    dryRun,
    manager: "kube-apiserver",
    options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
    client: call.request,
    warn: call.warn,
    annotate: call.annotate,
    createIfAbsent: false,
    transform: (old) => decremented(old as PodDisruptionBudget, info.name, server.clock.now()),
  });
}

function decremented(old: PodDisruptionBudget, podName: string, now: number): KubeObject {
  const budget = clone(old);
  const { name = "", generation = 0 } = budget.metadata ?? {};
  budget.status ??= {} as NonNullable<PodDisruptionBudget["status"]>;
  const { status } = budget;
  const about = { group: "policy", resource: "poddisruptionbudget" };
  if ((status.observedGeneration ?? 0) < generation) throw stillProcessed(budget);
  if ((status.disruptionsAllowed ?? 0) < 0) throw forbidden(about, name, "pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > maxDisruptedPods) {
    throw forbidden(about, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (!status.disruptionsAllowed) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw overBudget(
      0,
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  status.disruptionsAllowed--;
  status.disruptedPods = { ...status.disruptedPods, [podName]: formatTime(now) };
  if (status.disruptionsAllowed === 0) {
    const others = (status.conditions ?? []).filter(({ type }) => type !== "DisruptionAllowed");
    const condition = {
      type: "DisruptionAllowed",
      status: "False",
      reason: "InsufficientPods",
      message: "",
      observedGeneration: status.observedGeneration ?? 0,
      lastTransitionTime: formatTime(now),
    };
    status.conditions = [...others, condition];
  }
  return budget;
}

function stillProcessed({ metadata }: PodDisruptionBudget): StatusError {
  return overBudget(10, `The disruption budget ${metadata?.name ?? ""} is still being processed by the server.`);
}

function overBudget(retryAfterSeconds: number, message: string): StatusError {
  const error = tooManyRequests(refusal, retryAfterSeconds);
  const causes = [{ reason: "DisruptionBudget", message }];
  return new StatusError(429, "TooManyRequests", error.message, {
    details: { ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }), causes },
  });
}

function severalBudgets(): StatusError {
  return new StatusError(
    500,
    "",
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  );
}
