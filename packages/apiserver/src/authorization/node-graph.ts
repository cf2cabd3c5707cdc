/** What each node has to do with: its pods, and what they refer to. Kept from watches. Source: kubernetes' auth/authorizer/node/graph.go. */

import {
  isMirrorPod,
  type PersistentVolume,
  type Pod,
  persistentVolumes,
  pods,
  type ResourceSlice,
  resourceSlices,
  type VolumeAttachment,
  volumeAttachments,
} from "@kubets/api";
import { keyOf } from "@kubets/apimachinery";
import { claimNamesOf, configMapNamesOf, secretNamesOf } from "../admission/pod-references.ts";
import type { ObjectReader } from "../reader/object-reader.ts";

export type GraphKind =
  | "secret"
  | "configmap"
  | "pvc"
  | "pv"
  | "serviceaccount"
  | "pod"
  | "resourceclaim"
  | "volumeattachment"
  | "resourceslice";

/** Something that lends what it refers to to one node: a pod, an attachment, a slice. */
interface Link {
  readonly node: string;
  readonly keys: readonly string[];
}

export class NodeGraph {
  readonly #links = new Map<string, Link>();
  /** For each object, the nodes that may have it, and by how many links. */
  readonly #nodes = new Map<string, Map<string, number>>();
  /** A volume's claim, and the secrets that are needed to mount it. */
  readonly #volumes = new Map<string, { readonly claim: string; readonly secrets: readonly string[] }>();
  /** By secret: the volumes that need it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();

  /** Resolves when everything there is has been read; follows changes until `signal` aborts. */
  async follow(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    const link = <T>(id: (object: T) => string, linkOf: (object: T) => Link | undefined) => ({
      put: (object: T) => this.#set(id(object), linkOf(object)),
      remove: (object: T) => this.#set(id(object), undefined),
    });
    await Promise.all([
      reader.subscribe(
        pods,
        link((pod: Pod) => `pod ${keyOf(pod)}`, linkOfPod),
        signal,
      ),
      reader.subscribe(
        volumeAttachments,
        link((attachment: VolumeAttachment) => `volumeattachment ${keyOf(attachment)}`, linkOfAttachment),
        signal,
      ),
      reader.subscribe(
        resourceSlices,
        link((slice: ResourceSlice) => `resourceslice ${keyOf(slice)}`, linkOfSlice),
        signal,
      ),
      reader.subscribe(
        persistentVolumes,
        { put: (volume) => this.#setVolume(volume), remove: (volume) => this.#removeVolume(keyOf(volume)) },
        signal,
      ),
    ]);
  }

  /** Whether the object is of use to the node. `namespace` is "" for cluster-scoped kinds. */
  relates(node: string, kind: GraphKind, namespace: string, name: string): boolean {
    if (kind === "pv") return this.#volumeRelates(node, name);
    const key = keyOfKind(kind, namespace, name);
    if (this.#nodes.get(key)?.has(node)) return true;
    if (kind !== "secret") return false;
    return [...(this.#volumesOfSecret.get(key) ?? [])].some((volume) => this.#volumeRelates(node, volume));
  }

  #volumeRelates(node: string, volume: string): boolean {
    const claim = this.#volumes.get(volume)?.claim;
    return claim !== undefined && this.#nodes.get(claim)?.has(node) === true;
  }

  #set(id: string, link: Link | undefined): void {
    const old = this.#links.get(id);
    if (old !== undefined) for (const key of old.keys) this.#count(key, old.node, -1);
    if (link === undefined) {
      this.#links.delete(id);
      return;
    }
    this.#links.set(id, link);
    for (const key of link.keys) this.#count(key, link.node, 1);
  }

  #count(key: string, node: string, by: number): void {
    const nodes = this.#nodes.get(key) ?? new Map<string, number>();
    const count = (nodes.get(node) ?? 0) + by;
    if (count > 0) nodes.set(node, count);
    else nodes.delete(node);
    if (nodes.size > 0) this.#nodes.set(key, nodes);
    else this.#nodes.delete(key);
  }

  #setVolume(volume: PersistentVolume): void {
    const name = keyOf(volume);
    this.#removeVolume(name);
    const { claimRef } = volume.spec ?? {};
    if (!claimRef?.name) return;
    const claim = keyOfKind("pvc", claimRef.namespace ?? "", claimRef.name);
    const secrets = [...volumeSecrets(volume)];
    this.#volumes.set(name, { claim, secrets });
    for (const secret of secrets) {
      const volumes = this.#volumesOfSecret.get(secret) ?? new Set();
      volumes.add(name);
      this.#volumesOfSecret.set(secret, volumes);
    }
  }

  #removeVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const volumes = this.#volumesOfSecret.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesOfSecret.delete(secret);
    }
    this.#volumes.delete(name);
  }
}

function keyOfKind(kind: GraphKind, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}

function linkOfPod(pod: Pod): Link | undefined {
  const { metadata, spec, status } = pod;
  const namespace = metadata?.namespace ?? "";
  const node = spec?.nodeName;
  if (!node) return undefined;
  const self = keyOfKind("pod", namespace, metadata?.name ?? "");
  // A node makes mirror pods itself: they must not open doors to it.
  if (isMirrorPod(pod)) return { node, keys: [self] };
  const claims = [
    ...(spec.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName),
    ...(status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName),
    status?.extendedResourceClaimStatus?.resourceClaimName,
  ];
  const keys = new Set([self]);
  const add = (kind: GraphKind, name: string | undefined) => name && keys.add(keyOfKind(kind, namespace, name));
  add("serviceaccount", spec.serviceAccountName);
  for (const name of secretNamesOf(pod)) add("secret", name);
  for (const name of configMapNamesOf(pod)) add("configmap", name);
  for (const name of claimNamesOf(pod)) add("pvc", name);
  for (const name of claims) add("resourceclaim", name);
  return { node, keys: [...keys] };
}

function linkOfAttachment({ metadata, spec }: VolumeAttachment): Link | undefined {
  const node = spec?.nodeName;
  return node ? { node, keys: [keyOfKind("volumeattachment", "", metadata?.name ?? "")] } : undefined;
}

function linkOfSlice({ metadata, spec }: ResourceSlice): Link | undefined {
  const node = spec?.nodeName;
  return node ? { node, keys: [keyOfKind("resourceslice", "", metadata?.name ?? "")] } : undefined;
}

/** Secrets that mounting a volume takes; one without a namespace is in its claim's. */
function* volumeSecrets({ spec }: PersistentVolume): Generator<string> {
  const home = spec?.claimRef?.namespace ?? "";
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = spec ?? {};
  if (azureFile?.secretName) yield keyOfKind("secret", azureFile.secretNamespace ?? home, azureFile.secretName);
  const references = [
    ...[cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos].map((source) => source?.secretRef),
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ];
  for (const reference of references)
    if (reference?.name) yield keyOfKind("secret", reference.namespace ?? home, reference.name);
}
