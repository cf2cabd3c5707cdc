/** `--allow-privileged=false`: nobody may have privileged containers, nor write down that pods shall. Source: core's ValidateSecurityContext. */

import type { Container, PodSpec } from "@kubets/api";
import { type FieldError, type FieldPath, forbiddenField, invalid, type KubeObject, path } from "@kubets/apimachinery";
import type { AdmissionPlugin } from "./plugin.ts";

const ofTemplate = ["spec", "template", "spec"];

/** Where kinds have what pods are made of. */
const podSpecs: Readonly<Record<string, readonly string[]>> = {
  "/pods": ["spec"],
  "/podtemplates": ["template", "spec"],
  "/replicationcontrollers": ofTemplate,
  "apps/daemonsets": ofTemplate,
  "apps/deployments": ofTemplate,
  "apps/replicasets": ofTemplate,
  "apps/statefulsets": ofTemplate,
  "batch/cronjobs": ["spec", "jobTemplate", ...ofTemplate],
  "batch/jobs": ofTemplate,
};

const containerFields = ["containers", "initContainers", "ephemeralContainers"] as const;

export const noPrivilegedContainers: AdmissionPlugin = {
  name: "AllowPrivileged",
  concerns: ({ group, plural }) => Object.hasOwn(podSpecs, `${group}/${plural}`),
  handles: (operation) => operation === "CREATE" || operation === "UPDATE",
  validate({ definition: { group, plural, kind }, object, name }) {
    const fields = podSpecs[`${group}/${plural}`];
    if (fields === undefined || object === undefined) return;
    const errors = problemsOf(
      at(object, fields),
      fields.reduce((parent, field) => parent.child(field), path()),
    );
    if (errors.length > 0) throw invalid(group, kind, name, errors);
  },
};

function at(object: KubeObject, fields: readonly string[]): PodSpec | undefined {
  return fields.reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], object) as
    | PodSpec
    | undefined;
}

function problemsOf(spec: PodSpec | undefined, parent: FieldPath): FieldError[] {
  return containerFields.flatMap((field) =>
    ((spec?.[field] ?? []) as readonly Container[]).flatMap(({ securityContext }, i) =>
      securityContext?.privileged === true
        ? [
            forbiddenField(
              parent.child(field).index(i).child("securityContext").child("privileged"),
              "disallowed by cluster policy",
            ),
          ]
        : [],
    ),
  );
}
