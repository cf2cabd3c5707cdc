/**
 * Who owns whom, over all objects of all kinds. Pure bookkeeping: it is told of every object and says which are to be looked at.
 * An owner that is only known from its dependents' references is virtual until it is seen or found missing.
 */

import type { Resource } from "@kubets/api";
import { apiVersionOf, deepEqual, type KubeObject, type OwnerReference } from "@kubets/apimachinery";

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  /** Of a virtual node, what a reference says of it. */
  identity: Identity;
  /** Undefined for a virtual node. */
  resource: Resource | undefined;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** Has a deletionTimestamp. */
  beingDeleted: boolean;
  /** Being deleted in the foreground: its dependents go first. */
  deletingDependents: boolean;
}

/** What the graph wants done, in answer to a change. */
export interface GraphWork {
  /** Perhaps garbage, or an owner whose wait may be over. */
  attemptToDelete(node: GraphNode): void;
  /** Being deleted, and its dependents are to be left behind. */
  attemptToOrphan(node: GraphNode): void;
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #work: GraphWork;

  constructor(work: GraphWork) {
    this.#work = work;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** An object was added or changed. */
  observe(resource: Resource, object: KubeObject): void {
    const uid = object.metadata?.uid;
    if (uid === undefined) return;
    const known = this.#nodes.get(uid);
    if (known === undefined) this.#insert(resource, object, uid);
    else this.#update(known, resource, object);
  }

  /** An object was deleted, or never was: its dependents may be garbage, and its owners may stop waiting. */
  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    for (const { uid: ownerUid } of node.owners) {
      const owner = this.#nodes.get(ownerUid);
      if (owner === undefined) continue;
      owner.dependents.delete(node);
      if (owner.deletingDependents) this.#work.attemptToDelete(owner);
      this.#dropIfUnneeded(owner);
    }
    if (node.dependents.size === 0) return;
    // Dependents that still name it keep it as a virtual node, until each has been dealt with.
    const ghost: GraphNode = {
      ...node,
      resource: undefined,
      owners: [],
      beingDeleted: false,
      deletingDependents: false,
    };
    this.#nodes.set(uid, ghost);
    for (const dependent of node.dependents) this.#work.attemptToDelete(dependent);
  }

  /** Dependents that forbid the owner's foreground deletion from ending. */
  blocking(node: GraphNode): GraphNode[] {
    const blocks = (reference: OwnerReference) =>
      reference.uid === node.identity.uid && reference.blockOwnerDeletion === true;
    return [...node.dependents].filter((dependent) => dependent.owners.some(blocks));
  }

  #insert(resource: Resource, object: KubeObject, uid: string): void {
    const { ownerReferences = [] } = object.metadata ?? {};
    const node: GraphNode = {
      identity: identityOf(resource, object),
      resource,
      owners: ownerReferences,
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
    };
    this.#nodes.set(uid, node);
    this.#link(node, ownerReferences);
    this.#transition(node, object);
  }

  #update(node: GraphNode, resource: Resource, object: KubeObject): void {
    if (node.resource === undefined) {
      node.resource = resource;
      node.identity = identityOf(resource, object);
      // What references said of it may have been wrong.
      for (const dependent of node.dependents) {
        const reference = dependent.owners.find(({ uid }) => uid === node.identity.uid);
        if (reference !== undefined && !refersToNode(reference, dependent, node)) this.#work.attemptToDelete(dependent);
      }
    }
    const owners = object.metadata?.ownerReferences ?? [];
    const old = node.owners;
    if (!deepEqual(old, owners)) {
      node.owners = owners;
      const kept = new Set(owners.map(({ uid }) => uid));
      for (const { uid } of old) if (!kept.has(uid)) this.#unlink(node, uid);
      this.#link(node, owners);
      // An owner that waited for this dependent may go on: it was let go, or no longer blocks.
      for (const { uid } of old) {
        const owner = this.#nodes.get(uid);
        if (owner?.deletingDependents) this.#work.attemptToDelete(owner);
      }
      if (owners.length > 0) this.#work.attemptToDelete(node);
    }
    this.#transition(node, object);
  }

  #unlink(node: GraphNode, ownerUid: string): void {
    const owner = this.#nodes.get(ownerUid);
    owner?.dependents.delete(node);
    if (owner !== undefined) this.#dropIfUnneeded(owner);
  }

  /** A virtual owner without dependents is of no use. */
  #dropIfUnneeded(owner: GraphNode): void {
    if (owner.resource === undefined && owner.dependents.size === 0) this.#nodes.delete(owner.identity.uid);
  }

  #link(node: GraphNode, owners: readonly OwnerReference[]): void {
    for (const reference of owners) {
      const known = this.#nodes.get(reference.uid);
      if (known !== undefined) {
        known.dependents.add(node);
        // Owners of another name, kind or namespace with this uid do not exist.
        if (!refersToNode(reference, node, known)) this.#work.attemptToDelete(node);
        else if (known.resource === undefined || known.deletingDependents) this.#work.attemptToDelete(node);
        continue;
      }
      const { apiVersion, kind, name, uid } = reference;
      const identity = { apiVersion, kind, name, uid, namespace: node.identity.namespace };
      const fields = { resource: undefined, owners: [], beingDeleted: false, deletingDependents: false };
      this.#nodes.set(uid, { identity, dependents: new Set([node]), ...fields });
      this.#work.attemptToDelete(node);
    }
  }

  #transition(node: GraphNode, object: KubeObject): void {
    const deleting = object.metadata?.deletionTimestamp !== undefined;
    const finalizers = object.metadata?.finalizers ?? [];
    node.beingDeleted = deleting;
    if (deleting && finalizers.includes(orphanFinalizer)) this.#work.attemptToOrphan(node);
    if (!deleting || !finalizers.includes(foregroundFinalizer)) return;
    const begins = !node.deletingDependents;
    node.deletingDependents = true;
    if (begins) for (const dependent of node.dependents) this.#work.attemptToDelete(dependent);
    if (begins) this.#work.attemptToDelete(node);
  }
}

function identityOf(resource: Resource, object: KubeObject): Identity {
  const { namespace = "", name = "", uid = "" } = object.metadata ?? {};
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid };
}

/** A reference is to a node when all of it agrees: owners are in the dependent's namespace, or in none. */
export function refersToNode(reference: OwnerReference, dependent: GraphNode, owner: GraphNode): boolean {
  const { identity } = owner;
  const group = (apiVersion: string) => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "");
  return (
    reference.kind === identity.kind &&
    reference.name === identity.name &&
    group(reference.apiVersion) === group(identity.apiVersion) &&
    (identity.namespace === "" || identity.namespace === dependent.identity.namespace)
  );
}
