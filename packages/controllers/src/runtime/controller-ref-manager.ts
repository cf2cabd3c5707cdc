/** Decides which objects a controller owns: keeps what matches, adopts orphans that match, releases what matches no longer. */

import type { Resource } from "@kubets/api";
import { isNotFound, type KubeObject, type Selector, StatusError } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { controllerOf, newControllerRef } from "./controller-ref.ts";

export interface ClaimOptions<T extends KubeObject> {
  readonly client: Client;
  /** Of the objects to claim. */
  readonly resource: Resource<T>;
  readonly owner: KubeObject;
  readonly ownerResource: Resource;
  readonly selector: Selector;
  readonly signal: AbortSignal;
  /** Beyond the selector. */
  readonly filter?: (object: T) => boolean;
}

/**
 * The objects among `candidates` that belong to the owner now. Before the first adoption the owner is read afresh from the API,
 * so that one which is being deleted, or was replaced by another of its name, adopts nothing.
 */
export async function claimObjects<T extends KubeObject>(
  candidates: readonly T[],
  options: ClaimOptions<T>,
): Promise<T[]> {
  const claim = new Claim(options);
  const results = await Promise.allSettled(
    candidates.map(async (object) => ((await claim.claims(object)) ? object : undefined)),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) =>
    result.status === "fulfilled" && result.value !== undefined ? [result.value] : [],
  );
}

class Claim<T extends KubeObject> {
  readonly #options: ClaimOptions<T>;
  #mayAdopt: Promise<void> | undefined;

  constructor(options: ClaimOptions<T>) {
    this.#options = options;
  }

  async claims(object: T): Promise<boolean> {
    const { owner, selector, filter } = this.#options;
    const matches = selector.matches(object.metadata?.labels ?? {}) && (filter?.(object) ?? true);
    const controller = controllerOf(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata?.uid) return false;
      if (matches) return true;
      // A dying owner lets go of nothing: the garbage collector decides.
      if (owner.metadata?.deletionTimestamp === undefined) await this.#release(object);
      return false;
    }
    if (owner.metadata?.deletionTimestamp !== undefined || !matches) return false;
    if (object.metadata?.deletionTimestamp !== undefined) return false;
    return await this.#adopt(object);
  }

  async #adopt(object: T): Promise<boolean> {
    this.#mayAdopt ??= this.#checkOwner();
    await this.#mayAdopt;
    const reference = newControllerRef(this.#options.owner, this.#options.ownerResource);
    const references = [
      ...(object.metadata?.ownerReferences ?? []).filter(({ uid }) => uid !== reference.uid),
      reference,
    ];
    return await this.#setReferences(object, references);
  }

  async #release(object: T): Promise<void> {
    const uid = this.#options.owner.metadata?.uid;
    const references = (object.metadata?.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
    await this.#setReferences(object, references);
  }

  /** False when the object is gone or another of its name. The resourceVersion keeps a stale list from overwriting a newer one. */
  async #setReferences(object: T, ownerReferences: readonly object[]): Promise<boolean> {
    const { name = "", namespace = "", uid, resourceVersion } = object.metadata ?? {};
    const client = this.#options.client.resource(this.#options.resource).namespace(namespace);
    const patch = {
      metadata: { uid, resourceVersion, ownerReferences: ownerReferences.length > 0 ? ownerReferences : null },
    };
    try {
      await client.patch(name, "application/merge-patch+json", patch, { signal: this.#options.signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (error instanceof StatusError && error.reason === "Invalid") return false;
      throw error;
    }
  }

  async #checkOwner(): Promise<void> {
    const { client, owner, ownerResource, signal } = this.#options;
    const { name = "", namespace = "", uid } = owner.metadata ?? {};
    const fresh = await client.resource(ownerResource).namespace(namespace).get(name, { signal });
    if (fresh.metadata?.uid !== uid) {
      throw new Error(
        `original ${ownerResource.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata?.uid}, wanted ${uid}`,
      );
    }
    if (fresh.metadata?.deletionTimestamp !== undefined) {
      throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
    }
  }
}
