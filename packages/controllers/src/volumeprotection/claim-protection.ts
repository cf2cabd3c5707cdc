/** Claims stay while a pod on a node uses them. Behaviour of upstream's pkg/controller/volume/pvcprotection. */

import { type PersistentVolumeClaim, type Pod, persistentVolumeClaims, pods } from "@kubets/api";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import type { Runnable } from "../runtime/controller.ts";
import { isPodTerminal } from "../runtime/pods.ts";
import { ProtectionController } from "./protection-controller.ts";

const claimIndex = "claims";

function create(context: ControllerContext): Runnable {
  const { client, informers } = context;
  const podInformer = informers.informer(pods);
  podInformer.addIndex(claimIndex, claimKeysOf);
  const controller = new ProtectionController(context, {
    name: "persistentvolumeclaim-protection-controller",
    queueName: "pvcprotection",
    resource: persistentVolumeClaims,
    finalizer: "kubernetes.io/pvc-protection",
    async isUsed(claim, signal) {
      const { namespace = "", name } = claim.metadata ?? {};
      const known = podInformer.lister.byIndex(claimIndex, `${namespace}/${name}`);
      if (known.some((pod) => uses(pod, claim))) return true;
      // A pod may not have come to the cache yet, and a claim that is gone does not come back.
      const { items } = await client.resource(pods).namespace(namespace).list({ signal });
      return items.some((pod) => uses(pod, claim));
    },
  });
  const release = (pod: Pod) => {
    for (const key of claimKeysOf(pod)) controller.released(key);
  };
  podInformer.addHandler({
    add: (pod) => {
      if (mayRelease(pod)) release(pod);
    },
    update: (old, pod) => {
      if (old.metadata?.uid !== pod.metadata?.uid) release(old);
      if (mayRelease(pod)) release(pod);
    },
    delete: release,
  });
  return controller;
}

/** One that runs on a node holds its claims still. */
function mayRelease(pod: Pod): boolean {
  return isPodTerminal(pod) || isShutDown(pod) || !pod.spec?.nodeName;
}

/** The kubelet is done with it, or it was deleted by force. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

function claimKeysOf({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${metadata?.name}-${name}`;
    return claim === undefined ? [] : [`${metadata?.namespace}/${claim}`];
  });
}

/** Only a pod on a node counts: a kubelet starts none whose claim is being deleted. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName) return false;
  const wanted = claim.metadata?.name;
  return (pod.spec.volumes ?? []).some(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim?.claimName === wanted) return true;
    if (ephemeral === undefined || isShutDown(pod) || `${pod.metadata?.name}-${name}` !== wanted) return false;
    return claim.metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata?.uid);
  });
}

export const claimProtectionController: ControllerDefinition = {
  name: "persistentvolumeclaim-protection-controller",
  serviceAccount: "pvc-protection-controller",
  create,
};
