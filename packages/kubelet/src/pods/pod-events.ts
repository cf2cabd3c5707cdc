/** Events about pods, their containers and the node, as a kubelet records them. */

import type { Node, Pod } from "@kubets/api";
import type { EventRecorder, EventType } from "@kubets/client";
import { containerFieldPath } from "./pod-ref.ts";

export class PodEvents {
  readonly #recorder: EventRecorder;

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder;
  }

  pod(pod: Pod, type: EventType, reason: string, message: string): void {
    this.#recorder.event(asObject(pod), type, reason, message);
  }

  container(pod: Pod, container: string, type: EventType, reason: string, message: string): void {
    this.#recorder.event(asObject(pod), type, reason, message, { fieldPath: containerFieldPath(pod, container) });
  }

  node(nodeName: string, type: EventType, reason: string, message: string): void {
    const node: Node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, uid: nodeName } };
    this.#recorder.event(node, type, reason, message);
  }
}

/** List items come without kind: an event needs it. */
function asObject(pod: Pod): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: pod.metadata ?? {} };
}
