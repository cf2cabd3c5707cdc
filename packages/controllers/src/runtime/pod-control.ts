/** Creating and deleting pods on an owner's behalf, with the events users look for. */

import { type Pod, type PodTemplateSpec, pods, type Resource } from "@kubets/api";
import { clone, isNotFound, type KubeObject, keyOf, messageOf } from "@kubets/apimachinery";
import type { Client, EventRecorder } from "@kubets/client";
import { isNamespaceTerminating } from "./controller.ts";
import { newControllerRef } from "./controller-ref.ts";

export class PodControl {
  readonly #client: Client;
  readonly #recorder: EventRecorder;
  readonly #ownerResource: Resource;

  constructor(client: Client, recorder: EventRecorder, ownerResource: Resource) {
    this.#client = client;
    this.#recorder = recorder;
    this.#ownerResource = ownerResource;
  }

  /** `change` finishes the pod before it is sent: a name of its own, a node. */
  async create(
    owner: KubeObject,
    template: PodTemplateSpec | undefined,
    signal: AbortSignal,
    change?: (pod: Pod) => void,
  ): Promise<Pod> {
    const pod = podFromTemplate(owner, this.#ownerResource, template);
    change?.(pod);
    try {
      const created = await this.#client
        .resource(pods)
        .namespace(owner.metadata?.namespace ?? "")
        .create(pod, { signal });
      this.#recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata?.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error) && !signal.aborted) {
        this.#recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Deleting one that is gone already succeeds. */
  async delete(owner: KubeObject, pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace = "", name = "", uid } = pod.metadata ?? {};
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    try {
      await this.#client
        .resource(pods)
        .namespace(namespace)
        .delete(name, { ...preconditions, signal });
      this.#recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.#recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
      throw new Error(`unable to delete pod ${keyOf(pod)}`, { cause: error });
    }
  }
}

function podFromTemplate(owner: KubeObject, ownerResource: Resource, template: PodTemplateSpec | undefined): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata?.name}-`,
      namespace: owner.metadata?.namespace ?? "",
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [newControllerRef(owner, ownerResource)],
    },
    ...(template?.spec === undefined ? {} : { spec: clone(template.spec) }),
  };
}
