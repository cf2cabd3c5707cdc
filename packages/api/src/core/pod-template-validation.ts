/** A Pod template, wherever it stands. Source: ValidatePodTemplateSpec. */

import { type FieldError, type FieldPath, required, validateAnnotations, validateLabels } from "@kubets/apimachinery";
import type { PodTemplateSpec } from "../generated/types.ts";
import { validatePodAnnotations, validateProfilesMatch } from "./pod-annotation-validation.ts";
import { forbidEphemeralContainers, validatePodSpec } from "./pod-spec-validation.ts";

export function validatePodTemplateSpec(template: PodTemplateSpec, at: FieldPath): FieldError[] {
  const { metadata, spec } = template;
  const specPath = at.child("spec");
  const errors = validateTemplateMetadata(template, at);
  if (spec === undefined) return [...errors, required(specPath.child("containers"))];
  return [
    ...errors,
    ...validatePodAnnotations(metadata?.annotations, spec, at.child("annotations")),
    ...validatePodSpec(spec, specPath, { isPod: false }),
    ...validateProfilesMatch(metadata, spec, specPath),
    ...forbidEphemeralContainers(spec, specPath, "ephemeral containers not allowed in pod template"),
  ];
}

/** Labels and annotations only: nothing else of a template's metadata counts. */
function validateTemplateMetadata({ metadata }: PodTemplateSpec, at: FieldPath): FieldError[] {
  return [
    ...validateLabels(metadata?.labels ?? {}, at.child("labels")),
    ...validateAnnotations(metadata?.annotations ?? {}, at.child("annotations")),
  ];
}
