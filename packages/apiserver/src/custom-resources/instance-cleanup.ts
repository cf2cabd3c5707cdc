/** All objects of a CRD that is being deleted go before it. Source: apiextensions-apiserver's controller/finalizer/crd_finalizer.go. */

import type { CrdCondition } from "@kubets/api/apiextensions";
import { isNotFound, messageOf } from "@kubets/apimachinery";
import type { Entry } from "@kubets/storage";
import { type DeleteRequest, remove } from "../registry/delete.ts";
import type { Registry } from "../registry/registry.ts";
import { apiServerIdentity } from "../services/default-objects.ts";

/** How many objects are deleted at once. */
const deletesAtOnce = 64;
/** How long finalizers may take before the condition says that they do; then it begins again. */
const patienceMs = 60_000;

/** Deletes what there is and waits until nothing is left; says how that went. Rejects only when `signal` aborts the wait. */
export async function cleanUp(registry: Registry, signal: AbortSignal): Promise<CrdCondition> {
  const failed = (reason: string, message: string): CrdCondition => ({
    type: "Terminating",
    status: "True",
    reason,
    message,
  });
  let entries: readonly Entry[];
  try {
    ({ entries } = await registry.store.list(registry.prefix));
  } catch (error) {
    return failed("InstanceDeletionFailed", `could not list instances: ${messageOf(error)}`);
  }
  const errors: string[] = [];
  for (let i = 0; i < entries.length && !signal.aborted; i += deletesAtOnce) {
    const batch = entries.slice(i, i + deletesAtOnce);
    await Promise.all(
      batch.map((entry) => removeOne(registry, entry, signal).catch((error) => errors.push(messageOf(error)))),
    );
  }
  signal.throwIfAborted();
  if (errors.length > 0) {
    const all = [...new Set(errors)];
    const text = all.length === 1 ? all[0] : `[${all.join(", ")}]`;
    return failed("InstanceDeletionFailed", `could not issue all deletes: ${text}`);
  }
  if (!(await becomesEmpty(registry, signal))) {
    const why = "could not confirm zero CustomResources remaining: timed out waiting for the condition";
    return failed("InstanceDeletionCheck", why);
  }
  const message = "removed all instances";
  return { type: "Terminating", status: "False", reason: "InstanceDeletionCompleted", message };
}

async function removeOne(registry: Registry, entry: Entry, signal: AbortSignal): Promise<void> {
  const { name = "", namespace = "" } = registry.served(entry).object.metadata ?? {};
  const request: DeleteRequest = {
    namespace,
    name,
    subresource: "",
    user: apiServerIdentity,
    dryRun: false,
    manager: "kube-apiserver",
    options: { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" },
    deleteOptions: {
      dryRun: false,
      gracePeriodSeconds: undefined,
      propagationPolicy: undefined,
      orphanDependents: undefined,
      preconditions: {},
    },
    client: { signal },
    warn: () => {},
    annotate: () => {},
  };
  try {
    await remove(registry, request);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Told by the store; nothing is asked again and again. False when it takes too long. */
async function becomesEmpty(registry: Registry, signal: AbortSignal): Promise<boolean> {
  const { store, prefix, clock } = registry;
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const look = () => store.count(prefix).then((count) => (count === 0 ? resolve(true) : undefined), reject);
      own.signal.addEventListener("abort", () => reject(new Error("the server stopped")), { once: true });
      const onEvents = () => void look();
      const options = { afterRevision: store.revision, signal: own.signal, onEvents, onError: reject };
      store.watch(prefix, options).then(look, reject);
      clock.sleep(patienceMs, own.signal).then(() => resolve(false), reject);
    });
  } finally {
    signal.removeEventListener("abort", stop);
    own.abort();
  }
}
