/** Keeps a node to itself: its own Node, its pods, its lease. Source: kubernetes' plugin/pkg/admission/noderestriction. */

import {
  isMirrorPod,
  type Node,
  nodes,
  type PersistentVolumeClaim,
  type Pod,
  pods,
  type TokenRequest,
} from "@kubets/api";
import { clone, deepEqual, type KubeObject, notFound } from "@kubets/apimachinery";
import { nodeNameOf } from "../authentication/users.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import { refuse } from "./errors.ts";
import { checkNodeAudience } from "./node-audiences.ts";
import { forbiddenNodeLabels } from "./node-labels.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";
import { claimNamesOf, configMapNamesOf, secretNamesOf } from "./pod-references.ts";

const mirrorAnnotation = "kubernetes.io/config.mirror";

const concerned = new Set([
  "/pods",
  "/nodes",
  "/persistentvolumeclaims",
  "/serviceaccounts",
  "coordination.k8s.io/leases",
  "storage.k8s.io/csinodes",
  "resource.k8s.io/resourceslices",
]);

export class NodeRestriction implements AdmissionPlugin {
  readonly name = "NodeRestriction";
  readonly #reader: ObjectReader;
  readonly #authorizer: Authorizer | undefined;

  /** @param authorizer says which audiences a node may ask tokens for beyond those its pods name */
  constructor(reader: ObjectReader, authorizer?: Authorizer) {
    this.#reader = reader;
    this.#authorizer = authorizer;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation !== "CONNECT";
  }

  concerns({ group, plural }: AdmissionAttributes["definition"]): boolean {
    return concerned.has(`${group}/${plural}`);
  }

  mutate(attributes: AdmissionAttributes): Promise<void> | void {
    const { user, definition } = attributes;
    const node = nodeNameOf(user);
    if (node === undefined) return;
    if (node === "") throw refuse(attributes, `could not determine node from user ${quote(user.name)}`);
    switch (`${definition.group}/${definition.plural}`) {
      case "/pods":
        return this.#pod(node, attributes);
      case "/nodes":
        return this.#node(node, attributes);
      case "/persistentvolumeclaims":
        return this.#claim(node, attributes);
      case "/serviceaccounts":
        return this.#token(node, attributes);
      case "coordination.k8s.io/leases":
        return this.#lease(node, attributes);
      case "storage.k8s.io/csinodes":
        if (requestedName(attributes) !== node)
          throw refuse(attributes, "can only access CSINode with the same name as the requesting node");
        return;
      case "resource.k8s.io/resourceslices":
        return this.#resourceSlice(node, attributes);
      default:
    }
  }

  async #pod(node: string, attributes: AdmissionAttributes): Promise<void> {
    const { subresource, operation } = attributes;
    switch (subresource) {
      case "":
        if (operation === "CREATE") return this.#mirrorPod(node, attributes);
        if (operation === "DELETE") {
          if ((await this.#existingPod(attributes)).spec?.nodeName === node) return;
          throw refuse(attributes, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
        }
        throw refuse(
          attributes,
          `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`,
        );
      case "status":
        return this.#podStatus(node, attributes);
      case "eviction":
        if (operation !== "CREATE") throw refuse(attributes, `unexpected operation ${operation}`);
        if ((await this.#existingPod(attributes)).spec?.nodeName === node) return;
        throw refuse(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`);
      default:
        throw refuse(
          attributes,
          `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`,
        );
    }
  }

  async #existingPod({ namespace, name }: AdmissionAttributes): Promise<Pod> {
    const pod = await this.#reader.get(pods, namespace, name);
    if (pod === undefined) throw notFound({ group: "", resource: "pods" }, name);
    return pod;
  }

  async #mirrorPod(node: string, attributes: AdmissionAttributes): Promise<void> {
    const pod = attributes.object as Pod;
    const who = `node ${quote(node)}`;
    if (!isMirrorPod(pod))
      throw refuse(
        attributes,
        `pod does not have ${quote(mirrorAnnotation)} annotation, ${who} can only create mirror pods`,
      );
    if (pod.spec?.nodeName !== node)
      throw refuse(attributes, `${who} can only create pods with spec.nodeName set to itself`);
    await this.#checkOwner(node, attributes, pod);
    if (pod.spec.serviceAccountName)
      throw refuse(attributes, `${who} can not create pods that reference a service account`);
    const volumes = pod.spec.volumes ?? [];
    const references = {
      secrets: secretNamesOf(pod).next().done !== true,
      configmaps: configMapNamesOf(pod).next().done !== true,
      clustertrustbundles: volumes.some(({ projected }) => projected?.sources?.some((s) => s.clusterTrustBundle)),
      persistentvolumeclaims: claimNamesOf(pod).next().done !== true,
      resourceclaims: (pod.spec.resourceClaims?.length ?? 0) > 0,
    };
    for (const [what, isThere] of Object.entries(references))
      if (isThere) throw refuse(attributes, `${who} can not create pods that reference ${what}`);
  }

  async #checkOwner(node: string, attributes: AdmissionAttributes, pod: Pod): Promise<void> {
    const who = `node ${quote(node)}`;
    const owners = pod.metadata?.ownerReferences ?? [];
    if (owners.length > 1)
      throw refuse(attributes, `${who} can only create pods with a single owner reference set to itself`);
    const [owner] = owners;
    if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
      throw refuse(attributes, `${who} can only create pods with an owner reference set to itself`);
    if (!owner.controller)
      throw refuse(attributes, `${who} can only create pods with a controller owner reference set to itself`);
    if (owner.blockOwnerDeletion)
      throw refuse(attributes, `${who} must not set blockOwnerDeletion on an owner reference`);
    const found = await this.#reader.get(nodes, "", node);
    if (found === undefined) throw notFound({ group: "", resource: "nodes" }, node);
    const uid = found.metadata?.uid;
    if (owner.uid !== uid) throw refuse(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  }

  #podStatus(node: string, attributes: AdmissionAttributes): void {
    const who = `node ${quote(node)}`;
    if (attributes.operation !== "UPDATE")
      throw refuse(attributes, `unexpected operation ${quote(attributes.operation)}`);
    const [pod, old] = [attributes.object as Pod, attributes.oldObject as Pod];
    if (old.spec?.nodeName !== node)
      throw refuse(attributes, `${who} can only update pod status for pods with spec.nodeName set to itself`);
    if (!deepEqual(old.metadata?.labels ?? {}, pod.metadata?.labels ?? {}))
      throw refuse(attributes, `${who} cannot update labels through pod status`);
    if (!deepEqual(old.status?.resourceClaimStatuses ?? [], pod.status?.resourceClaimStatuses ?? []))
      throw refuse(attributes, `${who} cannot update resource claim statues`);
  }

  #node(node: string, attributes: AdmissionAttributes): void {
    const { operation, object, oldObject } = attributes;
    const who = `node ${quote(node)}`;
    const name = requestedName(attributes);
    if (name !== node) throw refuse(attributes, `${who} is not allowed to modify node ${quote(name)}`);
    if (operation === "CREATE") {
      if (configSourceOf(object) !== undefined)
        throw refuse(attributes, `${who} is not allowed to create pods with a non-nil configSource`);
      const labels = forbiddenNodeLabels(object?.metadata?.labels ?? {}, {});
      if (labels.length > 0)
        throw refuse(attributes, `${who} is not allowed to set the following labels: ${labels.join(", ")}`);
    }
    if (operation !== "UPDATE") return;
    const [wanted, old] = [object as Node, oldObject as Node];
    const source = configSourceOf(wanted);
    if (source !== undefined && !deepEqual(source, configSourceOf(old)))
      throw refuse(attributes, `${who} is not allowed to update configSource to a new non-nil configSource`);
    if (!deepEqual(wanted.spec?.taints ?? [], old.spec?.taints ?? []))
      throw refuse(attributes, `${who} is not allowed to modify taints`);
    if (!deepEqual(wanted.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? []))
      throw refuse(attributes, `${who} is not allowed to modify ownerReferences`);
    const labels = forbiddenNodeLabels(wanted.metadata?.labels ?? {}, old.metadata?.labels ?? {});
    if (labels.length > 0) throw refuse(attributes, `is not allowed to modify labels: ${labels.join(", ")}`);
  }

  #claim(node: string, attributes: AdmissionAttributes): void {
    if (attributes.subresource !== "status") throw refuse(attributes, "may only update PVC status");
    if (attributes.operation !== "UPDATE")
      throw refuse(attributes, `unexpected operation ${quote(attributes.operation)}`);
    if (deepEqual(withoutNodesPart(attributes.object!), withoutNodesPart(attributes.oldObject!))) return;
    throw refuse(
      attributes,
      `node ${quote(node)} is not allowed to update fields other than status.capacity and status.conditions`,
    );
  }

  async #token(node: string, attributes: AdmissionAttributes): Promise<void> {
    if (attributes.operation !== "CREATE" || attributes.subresource !== "token") return;
    const ref = (attributes.object as TokenRequest).spec?.boundObjectRef;
    if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || !ref.name)
      throw refuse(attributes, "node requested token not bound to a pod");
    if (!ref.uid) throw refuse(attributes, "node requested token with a pod binding without a uid");
    const pod = await this.#reader.get(pods, attributes.namespace, ref.name);
    if (pod === undefined) throw notFound({ group: "", resource: "pods" }, ref.name);
    if (pod.metadata?.uid !== ref.uid) {
      throw refuse(
        attributes,
        `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    if (pod.spec?.nodeName !== node)
      throw refuse(attributes, "node requested token bound to a pod scheduled on a different node");
    await checkNodeAudience(attributes, pod, this.#reader, this.#authorizer);
  }

  #lease(node: string, attributes: AdmissionAttributes): void {
    if (attributes.namespace !== "kube-node-lease")
      throw refuse(attributes, 'can only access leases in the "kube-node-lease" system namespace');
    if (requestedName(attributes) !== node)
      throw refuse(attributes, "can only access node lease with the same name as the requesting node");
  }

  #resourceSlice(node: string, attributes: AdmissionAttributes): void {
    const slice = (attributes.object ?? attributes.oldObject) as { spec?: { nodeName?: string } } | undefined;
    if (attributes.operation !== "CREATE" || slice?.spec?.nodeName === node) return;
    throw refuse(attributes, "can only create ResourceSlice with the same NodeName as the requesting node");
  }
}

function configSourceOf(node: KubeObject | undefined): unknown {
  return (node as Node | undefined)?.spec?.configSource;
}

/** A create's name is the object's. */
function requestedName({ name, object, operation }: AdmissionAttributes): string {
  return operation === "CREATE" ? (object?.metadata?.name ?? "") : name;
}

/** Everything of a claim that a node must leave alone. */
function withoutNodesPart(object: KubeObject): PersistentVolumeClaim {
  const claim = clone(object as PersistentVolumeClaim);
  delete claim.metadata?.resourceVersion;
  delete claim.metadata?.managedFields;
  const status = claim.status ?? {};
  for (const field of ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"] as const)
    delete status[field];
  claim.status = status;
  return claim;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
