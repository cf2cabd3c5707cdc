/** Deletes what has lost its owners, and carries out foreground and orphaning deletion. Behaviour of upstream's pkg/controller/garbagecollector. */

import { isConflict, isNotFound, type KubeObject, type OwnerReference } from "@kubets/apimachinery";
import type { EventRecorder, ResourceClient } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import type { DiscoveredResource } from "../runtime/discovery.ts";
import { foregroundFinalizer, type GraphNode, OwnerGraph, orphanFinalizer, refersToNode } from "./graph.ts";
import { Monitors } from "./monitors.ts";

/** Until every kind has been listed an absent owner may only be one not seen yet, so a little patience saves requests. */
const unsyncedMs = 100;

interface Classified {
  readonly solid: OwnerReference[];
  readonly dangling: OwnerReference[];
  /** Being deleted in the foreground, waiting for this dependent among others. */
  readonly waiting: OwnerReference[];
}

class GarbageCollector implements Runnable {
  readonly #context: ControllerContext;
  readonly #graph: OwnerGraph;
  readonly #monitors: Monitors;
  readonly #recorder: EventRecorder;
  readonly #deletions: Controller;
  readonly #orphanings: Controller;
  /** Owners found missing: a uid never comes back. */
  readonly #absent = new Set<string>();
  readonly #unknownKinds = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("garbage-collector-controller");
    const { clock, logger, meters } = context;
    const options = { workers: 20, clock, logger, meters };
    this.#deletions = new Controller({
      name: "garbage-collector-controller",
      queueName: "garbage_collector_attempt_to_delete",
      reconcile: (uid, signal) => this.#attemptToDelete(uid, signal),
      ...options,
    });
    this.#orphanings = new Controller({
      name: "garbage-collector-controller-orphan",
      queueName: "garbage_collector_attempt_to_orphan",
      reconcile: (uid, signal) => this.#attemptToOrphan(uid, signal),
      ...options,
    });
    this.#graph = new OwnerGraph({
      attemptToDelete: (node) => this.#deletions.enqueue(node.identity.uid),
      attemptToOrphan: (node) => this.#orphanings.enqueue(node.identity.uid),
    });
    this.#monitors = new Monitors(context, {
      changed: (resource, object) => this.#graph.observe(resource, object),
      deleted: (_, object) => {
        this.#remember(object.metadata?.uid ?? "");
        this.#graph.remove(object.metadata?.uid ?? "");
      },
      resourcesChanged: () => {
        for (const uid of this.#unknownKinds) this.#deletions.enqueue(uid);
        this.#unknownKinds.clear();
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#monitors.run(signal), this.#deletions.run(signal), this.#orphanings.run(signal)]);
  }

  async #attemptToDelete(uid: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const node = this.#graph.get(uid);
    if (node?.resource === undefined) return undefined;
    if (!this.#monitors.synced) return { requeueAfterMs: unsyncedMs };
    if (node.deletingDependents) return await this.#endForeground(node, signal);
    if (node.beingDeleted) return undefined;
    if (node.owners.length === 0) return undefined;
    const latest = await this.#latest(node, signal);
    if (latest === undefined) return undefined;
    const references = latest.metadata?.ownerReferences ?? [];
    if (references.length === 0) return undefined;
    const owners = await this.#classify(node, references, signal);
    if (owners === undefined) {
      // Looked at again when kinds come or go.
      this.#unknownKinds.add(uid);
      return undefined;
    }
    await this.#judge(node, latest, owners, signal);
    return undefined;
  }

  async #judge(node: GraphNode, latest: KubeObject, owners: Classified, signal: AbortSignal): Promise<void> {
    const { solid, dangling, waiting } = owners;
    if (solid.length > 0) {
      if (dangling.length + waiting.length > 0)
        await this.#dropReferences(node, latest, [...dangling, ...waiting], signal);
      return;
    }
    if (waiting.length > 0 && node.dependents.size > 0) {
      // A circle of owners that wait for each other would never end: this one stops blocking before its own dependents go.
      if ([...node.dependents].some(({ deletingDependents }) => deletingDependents))
        await this.#unblock(node, latest, signal);
      await this.#delete(node, latest, "Foreground", signal);
      return;
    }
    const finalizers = latest.metadata?.finalizers ?? [];
    const policy = finalizers.includes(orphanFinalizer)
      ? "Orphan"
      : finalizers.includes(foregroundFinalizer)
        ? "Foreground"
        : "Background";
    await this.#delete(node, latest, policy, signal);
  }

  /** Undefined when an owner's kind is one the API does not serve: nothing is known then, so nothing is done. */
  async #classify(
    node: GraphNode,
    references: readonly OwnerReference[],
    signal: AbortSignal,
  ): Promise<Classified | undefined> {
    const result: Classified = { solid: [], dangling: [], waiting: [] };
    for (const reference of references) {
      const known = this.#graph.get(reference.uid);
      const seen = known?.resource !== undefined && refersToNode(reference, node, known);
      if (seen) {
        (known.beingDeleted && known.deletingDependents ? result.waiting : result.solid).push(reference);
        continue;
      }
      if (
        known?.resource !== undefined &&
        known.identity.namespace !== "" &&
        known.identity.namespace !== node.identity.namespace
      ) {
        this.#complain(node, reference);
      }
      if (this.#absent.has(reference.uid) || this.#absent.has(this.#absentKey(node, reference))) {
        result.dangling.push(reference);
        continue;
      }
      const resource = this.#monitors.resourceFor(reference.apiVersion, reference.kind);
      if (resource === undefined) return undefined;
      if (resource.namespaced && node.identity.namespace === "") {
        this.#complain(node, reference);
        return undefined;
      }
      const owner = await this.#lookUp(resource, node, reference, signal);
      if (owner === undefined) {
        this.#remember(this.#absentKey(node, reference));
        result.dangling.push(reference);
      } else if (owner.metadata?.deletionTimestamp && owner.metadata.finalizers?.includes(foregroundFinalizer)) {
        result.waiting.push(reference);
      } else result.solid.push(reference);
    }
    return result;
  }

  /** A reference with a wrong name or namespace is absent for that dependent alone. */
  #absentKey(node: GraphNode, reference: OwnerReference): string {
    return `${reference.uid}|${reference.kind}|${reference.name}|${node.identity.namespace}`;
  }

  #remember(key: string): void {
    this.#absent.add(key);
    if (this.#absent.size <= 500) return;
    for (const oldest of this.#absent) {
      this.#absent.delete(oldest);
      return;
    }
  }

  async #lookUp(
    resource: DiscoveredResource,
    node: GraphNode,
    reference: OwnerReference,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const client = this.#context.client.resource<KubeObject>(resource).namespace(node.identity.namespace);
    const owner = await orUndefined(client.get(reference.name, { signal }));
    return owner?.metadata?.uid === reference.uid ? owner : undefined;
  }

  /** Owners are in the dependent's own namespace or in none; whoever wrote otherwise should learn of it. */
  #complain(node: GraphNode, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace } = node.identity;
    const metadata = { name: node.identity.name, uid: node.identity.uid, ...(namespace === "" ? {} : { namespace }) };
    const object = { apiVersion: node.identity.apiVersion, kind: node.identity.kind, metadata };
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace "${namespace}"`;
    this.#recorder.event(object, "Warning", "OwnerRefInvalidNamespace", message);
  }

  async #endForeground(node: GraphNode, signal: AbortSignal): Promise<undefined> {
    const blocking = this.#graph.blocking(node);
    if (blocking.length === 0) {
      await this.#removeFinalizer(node, foregroundFinalizer, signal);
      return;
    }
    for (const dependent of blocking) {
      if (!dependent.deletingDependents) this.#deletions.enqueue(dependent.identity.uid);
    }
  }

  async #attemptToOrphan(uid: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const node = this.#graph.get(uid);
    if (node?.resource === undefined || !node.beingDeleted) return undefined;
    if (!this.#monitors.synced) return { requeueAfterMs: unsyncedMs };
    for (const dependent of [...node.dependents]) {
      const latest = await this.#latest(dependent, signal);
      const named = (latest?.metadata?.ownerReferences ?? []).filter((reference) => reference.uid === uid);
      if (latest !== undefined && named.length > 0) await this.#dropReferences(dependent, latest, named, signal);
    }
    await this.#removeFinalizer(node, orphanFinalizer, signal);
    return undefined;
  }

  #clientOf(node: GraphNode): ResourceClient<KubeObject> | undefined {
    if (node.resource === undefined) return undefined;
    return this.#context.client.resource<KubeObject>(node.resource).namespace(node.identity.namespace);
  }

  /** The object as the API has it; undefined when it is gone or another of its name. */
  async #latest(node: GraphNode, signal: AbortSignal): Promise<KubeObject | undefined> {
    const client = this.#clientOf(node);
    const latest = client && (await orUndefined(client.get(node.identity.name, { signal })));
    return latest?.metadata?.uid === node.identity.uid ? latest : undefined;
  }

  async #patch(node: GraphNode, latest: KubeObject, metadata: object, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = latest.metadata ?? {};
    const patch = { metadata: { uid, resourceVersion, ...metadata } };
    const client = this.#clientOf(node);
    if (client) await orUndefined(client.patch(node.identity.name, "application/merge-patch+json", patch, { signal }));
  }

  async #dropReferences(
    node: GraphNode,
    latest: KubeObject,
    dropped: readonly OwnerReference[],
    signal: AbortSignal,
  ): Promise<void> {
    const uids = new Set(dropped.map(({ uid }) => uid));
    const left = (latest.metadata?.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
    await this.#patch(node, latest, { ownerReferences: left.length > 0 ? left : null }, signal);
  }

  async #unblock(node: GraphNode, latest: KubeObject, signal: AbortSignal): Promise<void> {
    const references = latest.metadata?.ownerReferences ?? [];
    const ownerReferences = references.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
    if (references.some(({ blockOwnerDeletion }) => blockOwnerDeletion))
      await this.#patch(node, latest, { ownerReferences }, signal);
  }

  async #removeFinalizer(node: GraphNode, finalizer: string, signal: AbortSignal): Promise<void> {
    const latest = await this.#latest(node, signal);
    const finalizers = latest?.metadata?.finalizers ?? [];
    if (latest === undefined || !finalizers.includes(finalizer)) return;
    const left = finalizers.filter((entry) => entry !== finalizer);
    await this.#patch(node, latest, { finalizers: left.length > 0 ? left : null }, signal);
  }

  async #delete(
    node: GraphNode,
    latest: KubeObject,
    propagationPolicy: "Orphan" | "Foreground" | "Background",
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion, ownerReferences } = latest.metadata ?? {};
    // The version too, for what owners it has is what was judged.
    const preconditions = {
      ...(uid ? { uid } : {}),
      ...(resourceVersion && ownerReferences ? { resourceVersion } : {}),
    };
    const client = this.#clientOf(node);
    try {
      await client?.delete(node.identity.name, { preconditions, propagationPolicy, signal });
    } catch (error) {
      if (isNotFound(error)) return;
      // Changed meanwhile: judge again on what it is now.
      if (isConflict(error)) this.#deletions.enqueueAfter(node.identity.uid, 50);
      else throw error;
    }
  }
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const garbageCollectorController: ControllerDefinition = {
  name: "garbage-collector-controller",
  serviceAccount: "generic-garbage-collector",
  create: (context) => new GarbageCollector(context),
};
