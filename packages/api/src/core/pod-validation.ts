/** A Pod as a whole, when it is made. Source: ValidatePodCreate, validatePodMetadataAndSpec. */

import { type FieldError, forbiddenField, path, pushAll, required } from "@kubets/apimachinery";
import type { Binding, Pod } from "../generated/types.ts";
import { validateImageSpaces } from "./container-validation.ts";
import { validatePodAnnotations, validateProfilesMatch } from "./pod-annotation-validation.ts";
import { supportedOrAbsent } from "./pod-field-checks.ts";
import { forbidEphemeralContainers, validatePodSpec } from "./pod-spec-validation.ts";

const specPath = path("spec");
export const annotationsPath = path("metadata.annotations");

/** What holds for a Pod at any time. The registry checks the rest of the metadata. */
export function validatePodAndSpec(pod: Pod): FieldError[] {
  const { spec, metadata } = pod;
  if (spec === undefined) return [required(specPath.child("containers"))];
  return [
    ...validatePodAnnotations(metadata?.annotations, spec, annotationsPath),
    ...validatePodSpec(spec, specPath, { isPod: true, podName: metadata?.name }),
    ...validateTokenVolumes(pod),
    ...(spec.containers ?? []).flatMap((each, i) => validateImageSpaces(each, specPath.child("containers").index(i))),
    ...(spec.initContainers ?? []).flatMap((each, i) =>
      validateImageSpaces(each, specPath.child("initContainers").index(i)),
    ),
  ];
}

/** A token is a service account's: without one there is none to project. */
function validateTokenVolumes(pod: Pod): FieldError[] {
  if (pod.spec?.serviceAccountName) return [];
  return (pod.spec?.volumes ?? []).flatMap((volume, v) =>
    (volume.projected?.sources ?? []).flatMap((source, s) =>
      source.serviceAccountToken === undefined
        ? []
        : [
            forbiddenField(
              specPath.child("volumes").index(v).child("projected", "sources").index(s).child("serviceAccountToken"),
              "must not be specified when serviceAccountName is not set",
            ),
          ],
    ),
  );
}

export function validatePodCreate(pod: Pod): FieldError[] {
  const errors = validatePodAndSpec(pod);
  const { spec } = pod;
  if (spec === undefined) return errors;
  pushAll(errors, forbidEphemeralContainers(spec, specPath, "cannot be set on create"));
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(
      forbiddenField(specPath.child("nodeName"), "cannot be set until all schedulingGates have been cleared"),
    );
  return [...errors, ...validateProfilesMatch(pod.metadata, spec, specPath)];
}

/** `POST pods/NAME/binding`. */
export function validatePodBinding(binding: Binding): FieldError[] {
  const { kind, name } = binding.target ?? {};
  const target = path("target");
  return [
    ...(kind ? supportedOrAbsent(target.child("kind"), kind, ["Node", "<empty>"]) : []),
    ...(name ? [] : [required(target.child("name"))]),
  ];
}
