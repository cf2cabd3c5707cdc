/**
 * ControllerRevisions: every template a DaemonSet or StatefulSet has had, numbered, so that a rollout can be seen and undone.
 * Behaviour of upstream's pkg/controller/history.
 */

import {
  type ControllerRevision,
  controllerRevisions,
  type PodTemplateSpec,
  podTemplateHash,
  type Resource,
} from "@kubets/api";
import {
  clone,
  deepEqual,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  selectorFromLabelSelector,
} from "@kubets/apimachinery";
import type { Client, Informer, InformerFactory } from "@kubets/client";
import { claimable, controllerIndex, indexByController } from "./controller-index.ts";
import { newControllerRef } from "./controller-ref.ts";
import { claimObjects } from "./controller-ref-manager.ts";

export const revisionHashLabel = "controller-revision-hash";

export interface RevisionedOwner extends KubeObject {
  spec?: {
    selector: Parameters<typeof selectorFromLabelSelector>[0];
    template: PodTemplateSpec;
    revisionHistoryLimit?: number;
  };
  status?: { collisionCount?: number };
}

export interface Revisions {
  /** Of the template as it is now. */
  readonly current: ControllerRevision;
  /** Others, oldest first. */
  readonly old: readonly ControllerRevision[];
}

/** The part of the owner a revision remembers; a patch that would bring it back. Go clients find the current one by its bytes, and Go sorts keys. */
function revisionData(template: PodTemplateSpec): { spec: { template: object } } {
  return { spec: { template: sortedByKey({ ...template, $patch: "replace" }) as object } };
}

function sortedByKey(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedByKey);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedByKey(inner)]));
}

/** The template a revision remembers. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  const { $patch: _, ...template } = data?.spec?.template ?? {};
  return data?.spec?.template === undefined ? undefined : (template as PodTemplateSpec);
}

/** `web-6d4cf56db6` by its hash. */
export function hashOf(revision: ControllerRevision): string {
  return revision.metadata?.labels?.[revisionHashLabel] ?? "";
}

export function numberOf(revision: ControllerRevision): number {
  return Number(revision.revision ?? 0);
}

export class ControllerHistory {
  readonly #client: Client;
  readonly #resource: Resource;
  readonly informer: Informer<ControllerRevision>;

  constructor(client: Client, informers: InformerFactory, ownerResource: Resource) {
    this.#client = client;
    this.#resource = ownerResource;
    this.informer = informers.informer(controllerRevisions);
    this.informer.addIndex(controllerIndex, indexByController);
  }

  /**
   * Makes sure the owner's template has a revision, and that it has the highest number. `collided` is called with the next collision
   * count when the name is taken by another's revision; the caller stores it and the pass is tried again.
   */
  async sync(
    owner: RevisionedOwner,
    signal: AbortSignal,
    collided: (count: number) => Promise<void>,
  ): Promise<Revisions> {
    const all = await this.#claim(owner, signal);
    const data = revisionData(owner.spec?.template ?? {});
    const highest = Math.max(0, ...all.map(numberOf));
    const equal = all.filter((revision) => deepEqual(revision.data, data));
    const existing = equal.at(-1);
    const old = all.filter((revision) => revision !== existing);
    if (existing === undefined) return { current: await this.#create(owner, highest + 1, signal, collided), old };
    if (numberOf(existing) === highest) return { current: existing, old };
    const client = this.#client.resource(controllerRevisions);
    return { current: await client.update({ ...clone(existing), revision: highest + 1 }, { signal }), old };
  }

  async #claim(owner: RevisionedOwner, signal: AbortSignal): Promise<ControllerRevision[]> {
    const owned = await claimObjects(claimable(this.informer.lister, owner), {
      client: this.#client,
      resource: controllerRevisions,
      owner,
      ownerResource: this.#resource,
      selector: selectorFromLabelSelector(owner.spec?.selector),
      signal,
    });
    return owned.sort((a, b) => numberOf(a) - numberOf(b));
  }

  async #create(
    owner: RevisionedOwner,
    number: number,
    signal: AbortSignal,
    collided: (count: number) => Promise<void>,
  ): Promise<ControllerRevision> {
    const template = owner.spec?.template ?? {};
    const collisionCount = owner.status?.collisionCount;
    const hash = podTemplateHash(template, collisionCount);
    const { name: ownerName = "", namespace = "" } = owner.metadata ?? {};
    const name = `${ownerName.slice(0, 223)}-${hash}`;
    const data = revisionData(template);
    const revision: ControllerRevision = {
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, [revisionHashLabel]: hash },
        ownerReferences: [newControllerRef(owner, this.#resource)],
      },
      data,
      revision: number,
    };
    const client = this.#client.resource(controllerRevisions).namespace(namespace);
    try {
      return await client.create(revision, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const taken = await client.get(name, { signal });
      // Ours of an earlier pass, which the cache does not show yet.
      if (deepEqual(taken.data, data)) return taken;
      await collided((collisionCount ?? 0) + 1);
      throw error;
    }
  }

  /** Deletes old revisions no pod is of, beyond the limit, oldest first. */
  async trim(
    owner: RevisionedOwner,
    old: readonly ControllerRevision[],
    live: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<void> {
    const limit = owner.spec?.revisionHistoryLimit ?? 10;
    const unused = old.filter((revision) => !live.has(revision.metadata?.name ?? "") && !live.has(hashOf(revision)));
    for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit))) {
      try {
        await this.#client
          .resource(controllerRevisions)
          .namespace(metadata?.namespace ?? "")
          .delete(metadata?.name ?? "", { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}
