/** Mirrors: API objects that show static pods to the cluster. Source: pkg/kubelet/pod/mirror_client.go. */

import type { Node, Pod } from "@kubets/api";
import { pods } from "@kubets/api";
import type { Logger } from "@kubets/apimachinery";
import { isAlreadyExists, isNotFound } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { configHashAnnotation, configMirrorAnnotation, podRef } from "./pod-ref.ts";

export interface MirrorPodsOptions {
  readonly client: Client;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  node(): Node | undefined;
}

/** True when the mirror was made from this static pod, and not from an older manifest. */
export function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata?.annotations?.[configMirrorAnnotation] === pod.metadata?.annotations?.[configHashAnnotation];
}

export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  /** The API's mirrors, by namespace and name. */
  readonly #mirrors = new Map<string, Pod>();

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
  }

  /** The mirror that stands for a static pod; undefined while there is none. */
  of(pod: Pod): Pod | undefined {
    const mirror = this.#mirrors.get(this.#key(pod));
    return mirror !== undefined && isMirrorOf(mirror, pod) ? mirror : undefined;
  }

  seen(mirror: Pod): void {
    this.#mirrors.set(this.#key(mirror), mirror);
  }

  gone(mirror: Pod): void {
    this.#mirrors.delete(this.#key(mirror));
  }

  /** Makes the mirror of a running static pod, in place of one of an older manifest. */
  async ensure(pod: Pod): Promise<void> {
    const existing = this.#mirrors.get(this.#key(pod));
    if (existing !== undefined) {
      const isDeleted = existing.metadata?.deletionTimestamp !== undefined;
      if (isMirrorOf(existing, pod) && !isDeleted) return;
      await this.remove(existing);
      if (isDeleted) return; // Its end tells when to make another.
    }
    const { client, signal, node, logger } = this.#options;
    const owner = node()?.metadata;
    const { namespace } = podRef(pod);
    const { uid: _, ...metadata } = pod.metadata ?? {};
    const hash = metadata.annotations?.[configHashAnnotation] ?? "";
    const mirror: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [configMirrorAnnotation]: hash },
        ...(owner?.uid === undefined
          ? {}
          : {
              ownerReferences: [
                { apiVersion: "v1", kind: "Node", name: owner.name ?? "", uid: owner.uid, controller: true },
              ],
            }),
      },
      ...(pod.spec === undefined ? {} : { spec: pod.spec }),
    };
    try {
      this.seen(await client.resource(pods).namespace(namespace).create(mirror, { signal }));
    } catch (error) {
      if (signal.aborted || isAlreadyExists(error)) return;
      logger.warn("mirror pod not made", { ...podRef(pod), err: error });
    }
  }

  async remove(mirror: Pod): Promise<void> {
    const { client, signal, logger } = this.#options;
    const { namespace, name, uid } = podRef(mirror);
    this.gone(mirror);
    try {
      const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal };
      await client.resource(pods).namespace(namespace).delete(name, options);
    } catch (error) {
      if (!isNotFound(error) && !signal.aborted) logger.warn("mirror pod not deleted", { namespace, name, err: error });
    }
  }

  /** A static pod has ended for good. */
  async removeOf(pod: Pod): Promise<void> {
    const mirror = this.#mirrors.get(this.#key(pod));
    if (mirror !== undefined) await this.remove(mirror);
  }

  #key(pod: Pod): string {
    const { namespace, name } = podRef(pod);
    return `${namespace}/${name}`;
  }
}
