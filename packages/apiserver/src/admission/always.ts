/** The plugins without a condition, and the one that leaves no image to a node's cache. Source: kubernetes' plugin/pkg/admission/{admit,deny,alwayspullimages}. */

import { allContainers, type Pod } from "@kubets/api";
import { aggregateText, onlyAbout, refuse } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

/** Says nothing; there for the flags of old. */
export const alwaysAdmit: AdmissionPlugin = { name: "AlwaysAdmit", handles: () => false };

export const alwaysDeny: AdmissionPlugin = {
  name: "AlwaysDeny",
  handles: () => true,
  mutate(attributes) {
    throw refuse(attributes, "admission control is denying all modifications");
  },
  validate(attributes) {
    throw refuse(attributes, "admission control is denying all modifications");
  },
};

/** On a shared node, who could not pull an image must not run it from the cache either. */
export const alwaysPullImages: AdmissionPlugin = {
  name: "AlwaysPullImages",
  handles: (operation) => operation === "CREATE" || operation === "UPDATE",
  concerns: onlyAbout("", "pods"),
  mutate({ object, oldObject, operation }) {
    const pod = object as Pod;
    if (operation === "UPDATE" && !bringsImages(pod, oldObject as Pod)) return;
    for (const { container } of allContainers(pod.spec)) container.imagePullPolicy = "Always";
    for (const { image } of pod.spec?.volumes ?? []) if (image !== undefined) image.pullPolicy = "Always";
  },
  validate(attributes) {
    const { object, oldObject, operation } = attributes;
    const pod = object as Pod;
    if (operation === "UPDATE" && !bringsImages(pod, oldObject as Pod)) return;
    const problems: string[] = [];
    const check = (where: string, policy: string | undefined) => {
      if (policy !== "Always")
        problems.push(`${where}: Unsupported value: ${JSON.stringify(policy ?? "")}: supported values: "Always"`);
    };
    for (const { kind, index, container } of allContainers(pod.spec))
      check(`spec.${kind}[${index}].imagePullPolicy`, container.imagePullPolicy);
    for (const [i, { image }] of (pod.spec?.volumes ?? []).entries())
      if (image !== undefined) check(`spec.volumes[${i}].image.pullPolicy`, image.pullPolicy);
    if (problems.length > 0) throw refuse(attributes, aggregateText(problems));
  },
};

/** Whether an update names an image that the pod did not have. */
function bringsImages(pod: Pod, old: Pod): boolean {
  const before = new Set([...allContainers(old.spec)].map(({ container }) => container.image));
  return [...allContainers(pod.spec)].some(({ container }) => !before.has(container.image));
}
