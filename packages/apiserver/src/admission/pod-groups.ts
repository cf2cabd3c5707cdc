/** Plugins for groups of pods that are scheduled together, `scheduling.k8s.io/v1alpha2`: nothing where that is not served, and in upstream an alpha feature. */

import type { Job, Resource } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

interface PodGroup extends KubeObject {
  spec?: {
    podGroupTemplateRef?: { workload?: { workloadName: string; podGroupTemplateName: string } };
    schedulingPolicy?: { gang?: object };
  };
}

interface Workload extends KubeObject {
  spec?: { podGroupTemplates?: { name: string }[] };
}

const group = "scheduling.k8s.io";
const versioned = { group, version: "v1alpha2", namespaced: true };
const podGroups: Resource<PodGroup> = { ...versioned, plural: "podgroups", kind: "PodGroup" };
const workloads: Resource<Workload> = { ...versioned, plural: "workloads", kind: "Workload" };

const protectionFinalizer = "scheduling.k8s.io/podgroup-protection";

/**
 * A group stays while pods are in it. What takes the finalizer away is a controller of upstream's kube-controller-manager that is not here: without it
 * no group would ever be gone, so the plugin runs only where it is named. Source: kubernetes' plugin/pkg/admission/scheduling/podgroupprotection.
 */
export const podGroupProtection: AdmissionPlugin = {
  name: "PodGroupProtection",
  handles: (operation) => operation === "CREATE",
  concerns: onlyAbout(group, "podgroups"),
  mutate({ object }) {
    const metadata = object!.metadata!;
    if (metadata.finalizers?.includes(protectionFinalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), protectionFinalizer];
  },
};

/** A group that is made of a Workload's template is made of one that is there. Source: kubernetes' plugin/pkg/admission/scheduling/podgroup. */
export function podGroupWorkloadExists(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "PodGroupWorkloadExists",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout(group, "podgroups"),
    async validate(attributes) {
      const ref = (attributes.object as PodGroup).spec?.podGroupTemplateRef?.workload;
      if (ref === undefined) return;
      const { workloadName, podGroupTemplateName: template } = ref;
      const workload = await reader.get(workloads, attributes.namespace, workloadName);
      const name = JSON.stringify(workloadName);
      if (workload === undefined) throw refuse(attributes, `PodGroup rejected: Workload ${name} not found`);
      if (workload.spec?.podGroupTemplates?.some((each) => each.name === template)) return;
      const missing = `PodGroupTemplate ${JSON.stringify(template)} not found in Workload ${name}`;
      throw refuse(attributes, `PodGroup rejected: ${missing}`);
    },
  };
}

/** A Job whose pods start all together or not at all keeps their number. Source: kubernetes' plugin/pkg/admission/batch/job. */
export function jobValidation(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "JobValidation",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout("batch", "jobs"),
    validate(attributes) {
      const [job, old] = [attributes.object as Job, attributes.oldObject as Job];
      if (job.spec?.parallelism === old.spec?.parallelism) return undefined;
      return gangOf(reader, old, attributes.namespace).then((gang) => {
        if (gang === undefined) return;
        const name = JSON.stringify(gang.metadata?.name);
        throw refuse(attributes, `cannot change parallelism for a Job referencing gang-scheduled PodGroup ${name}`);
      });
    },
  };
}

/** The group that a Job's pods are scheduled with as a gang. */
async function gangOf(reader: ObjectReader, job: Job, namespace: string): Promise<PodGroup | undefined> {
  const isGang = ({ spec }: PodGroup) => spec?.schedulingPolicy?.gang !== undefined;
  const named = job.spec?.template?.spec?.schedulingGroup?.podGroupName;
  if (named !== undefined) {
    const found = await reader.get(podGroups, namespace, named);
    return found !== undefined && isGang(found) ? found : undefined;
  }
  const uid = job.metadata?.uid;
  const isControlled = ({ metadata }: PodGroup) =>
    metadata?.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
  return (await reader.list(podGroups, namespace)).find((each) => isControlled(each) && isGang(each));
}
