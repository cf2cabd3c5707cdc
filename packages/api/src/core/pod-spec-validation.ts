/** The spec of a Pod, or of a template. Source: ValidatePodSpec. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  inclusiveRangeError,
  invalidValue,
  nameIsDNSSubdomain,
  pushAll,
  required,
  tryParseQuantity,
  validateLabels,
} from "@kubets/apimachinery";
import type { LocalObjectReference, PodResourceClaim, PodSpec } from "../generated/types.ts";
import { validateContainerResources, validatePodLevelResources } from "./container-resources-validation.ts";
import {
  type ContainerSurroundings,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from "./container-validation.ts";
import { validateAffinity } from "./pod-affinity-validation.ts";
import { complaints, dnsLabel, oneOf, qualifiedName } from "./pod-field-checks.ts";
import { validatePodNetwork } from "./pod-network-validation.ts";
import { validateHostProcess, validateOS } from "./pod-os-validation.ts";
import { aggregateContainerRequests } from "./pod-resources.ts";
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from "./pod-scheduling-validation.ts";
import { validateHostUsers, validatePodSecurityContext } from "./pod-security-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

export interface PodSpecRules {
  /** The spec of a Pod; false in a template. */
  readonly isPod: boolean;
  readonly podName?: string | undefined;
}

const maxInt32 = 0x7fff_ffff;

export function validatePodSpec(spec: PodSpec, at: FieldPath, { isPod, podName }: PodSpecRules): FieldError[] {
  const volumes = validateVolumes(spec.volumes, isPod ? podName : undefined, at.child("volumes"));
  const claimNames = new Set((spec.resourceClaims ?? []).map((claim) => claim.name).filter((name) => name));
  const around: ContainerSurroundings = { spec, volumes: volumes.byName, claimNames };
  return [
    ...(spec.terminationGracePeriodSeconds === undefined ? [required(at.child("terminationGracePeriodSeconds"))] : []),
    ...volumes.errors,
    ...validateResourceClaims(spec.resourceClaims, at.child("resourceClaims")),
    ...validateContainers(around, at.child("containers")),
    ...validateInitContainers(around, at.child("initContainers")),
    ...validateEphemeralContainers(around, at.child("ephemeralContainers")),
    ...validatePodResources(spec, at.child("resources")),
    ...oneOf(at.child("restartPolicy"), spec.restartPolicy, ["Always", "OnFailure", "Never"]),
    ...validatePodNetwork(spec, isPod, at),
    ...validateLabels(spec.nodeSelector ?? {}, at.child("nodeSelector")),
    ...validatePodSecurityContext(spec, at.child("securityContext")),
    ...validateImagePullSecrets(spec.imagePullSecrets, at.child("imagePullSecrets")),
    ...validateAffinity(spec.affinity, at.child("affinity")),
    ...(spec.readinessGates ?? []).flatMap((gate, i) =>
      qualifiedName(at.child("readinessGates").index(i).child("conditionType"), gate.conditionType ?? ""),
    ),
    ...validateSchedulingGates(spec.schedulingGates, at.child("schedulingGates")),
    ...validateTopologySpread(spec.topologySpreadConstraints, at.child("topologySpreadConstraints")),
    ...validateHostProcess(spec, at),
    ...validateHostUsers(spec, at),
    ...validateNames(spec, at),
    ...validateDeadline(spec.activeDeadlineSeconds, at.child("activeDeadlineSeconds")),
    ...validateTolerations(spec.tolerations, at.child("tolerations")),
    ...(spec.preemptionPolicy === undefined
      ? []
      : oneOf(at.child("preemptionPolicy"), spec.preemptionPolicy, ["PreemptLowerPriority", "Never"])),
    // Overhead is checked as a container's limits would be, and upstream names it so.
    ...(spec.overhead === undefined
      ? []
      : validateContainerResources({ limits: spec.overhead }, new Set(), at.child("overhead"))),
    ...validateOS(spec, at),
  ];
}

/** Names of other objects. */
function validateNames(spec: PodSpec, at: FieldPath): FieldError[] {
  const fields = ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const;
  return fields.flatMap((field) => {
    const name = spec[field];
    const skip = field === "runtimeClassName" ? name === undefined : !name;
    return skip ? [] : complaints(at.child(field), name, nameIsDNSSubdomain(name ?? "", false));
  });
}

function validateDeadline(seconds: number | undefined, at: FieldPath): FieldError[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= maxInt32)) return [];
  return [invalidValue(at, seconds, inclusiveRangeError(1, maxInt32))];
}

function validateImagePullSecrets(secrets: readonly LocalObjectReference[] | undefined, at: FieldPath): FieldError[] {
  return (secrets ?? []).flatMap((secret, i) =>
    Object.keys(secret).every((key) => key === "name")
      ? []
      : [invalidValue(at.index(i), secret, "only name may be set")],
  );
}

function validateResourceClaims(claims: readonly PodResourceClaim[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, claim] of (claims ?? []).entries()) {
    const here = at.index(i);
    if (!claim.name) errors.push(required(here.child("name")));
    else if (names.has(claim.name)) errors.push(duplicate(here.child("name"), claim.name));
    else pushAll(errors, dnsLabel(here.child("name"), claim.name));
    names.add(claim.name);
    const { resourceClaimName, resourceClaimTemplateName } = claim;
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalidValue(here, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
      );
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalidValue(here, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    for (const field of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
      const name = claim[field];
      if (name !== undefined) pushAll(errors, complaints(here.child(field), name, nameIsDNSSubdomain(name, false)));
    }
  }
  return errors;
}

/** Pod-level resources hold at least what the containers ask for, and no container may have more. */
function validatePodResources(spec: PodSpec, at: FieldPath): FieldError[] {
  const { resources } = spec;
  if (resources === undefined) return [];
  const errors = validatePodLevelResources(resources, at);
  for (const [name, text] of Object.entries(aggregateContainerRequests(spec))) {
    const asked = tryParseQuantity(text);
    const given = tryParseQuantity(resources.requests?.[name] ?? "0");
    if (asked !== undefined && given !== undefined && asked.cmp(given) > 0)
      errors.push(
        invalidValue(
          at.child("requests").key(name),
          given.toString(),
          `must be greater than or equal to aggregate container requests of ${asked}`,
        ),
      );
  }
  for (const [i, container] of (spec.containers ?? []).entries())
    for (const [name, text] of Object.entries(container.resources?.limits ?? {})) {
      const own = tryParseQuantity(text);
      const limit = tryParseQuantity(resources.limits?.[name]);
      if (own !== undefined && limit !== undefined && own.cmp(limit) > 0)
        errors.push(
          invalidValue(
            at.child("containers").index(i).key(name).child("limits"),
            own.toString(),
            `must be less than or equal to pod limits of ${limit}`,
          ),
        );
    }
  return errors;
}

/** What a template may not have, and a new Pod neither. */
export function forbidEphemeralContainers(spec: PodSpec, at: FieldPath, why: string): FieldError[] {
  return (spec.ephemeralContainers ?? []).length > 0 ? [forbiddenField(at.child("ephemeralContainers"), why)] : [];
}
