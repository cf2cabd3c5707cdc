/** What the status of a Pod may become. Source: ValidatePodStatusUpdate. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  nameIsDNSSubdomain,
  path,
  pushAll,
  validateImmutableField,
} from "@kubets/apimachinery";
import type { Container, ContainerStatus, Pod, PodCondition, PodSpec } from "../generated/types.ts";
import { validateGroupID, validateUserID } from "./container-security-validation.ts";
import { validatePodAnnotationUpdates } from "./pod-annotation-validation.ts";
import { complaints, ipAddress, isDualStack, qualifiedName, supportedOrAbsent } from "./pod-field-checks.ts";
import { isRestartableInitContainer } from "./pod-helpers.ts";
import { annotationsPath } from "./pod-validation.ts";

const statusPath = path("status");

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  const status = pod.status ?? {};
  const oldStatus = old.status ?? {};
  const errors = [
    ...validatePodAnnotationUpdates(pod.metadata?.annotations, old.metadata?.annotations, spec, annotationsPath),
    ...validateConditions(status.conditions),
  ];
  if (spec.nodeName !== oldSpec.nodeName)
    errors.push(forbiddenField(statusPath.child("nodeName"), "may not be changed directly"));
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== oldStatus.nominatedNodeName)
    pushAll(errors, complaints(statusPath.child("nominatedNodeName"), nominated, nameIsDNSSubdomain(nominated, false)));
  pushAll(errors, validateImmutableField(status.qosClass, oldStatus.qosClass, statusPath.child("qosClass")));
  pushAll(errors, validateTransitions(pod, old));
  pushAll(errors, validateClaimStatuses(pod));
  pushAll(errors, [...validatePodIPs(pod), ...validateHostIPs(pod), ...validateContainerStatuses(pod)]);
  return errors;
}

/** Upstream reports conditions under `metadata`. */
function validateConditions(conditions: readonly PodCondition[] | undefined): FieldError[] {
  const known = ["PodScheduled", "Ready", "Initialized"];
  return (conditions ?? []).flatMap(({ type = "" }, i) =>
    known.includes(type) ? [] : qualifiedName(path("metadata.conditions").index(i).child("Type"), type),
  );
}

/** A terminated container stays terminated, unless its restart policy lets it run again. */
function validateTransitions(pod: Pod, old: Pod): FieldError[] {
  const oldSpec = old.spec ?? { containers: [] };
  const policy = oldSpec.restartPolicy ?? "Always";
  const sidecars = new Set((oldSpec.initContainers ?? []).filter(isRestartableInitContainer).map((each) => each.name));
  return [
    ...transitions(pod, old, "containerStatuses", (status) => mayRestart(status, policy, oldSpec.containers ?? [])),
    ...transitions(
      pod,
      old,
      "initContainerStatuses",
      (status) => sidecars.has(status.name) || mayRestart(status, policy, oldSpec.initContainers ?? []),
    ),
    ...transitions(pod, old, "ephemeralContainerStatuses", () => false),
  ];
}

function mayRestart(status: ContainerStatus, podPolicy: string, containers: readonly Container[]): boolean {
  const container = containers.find((each) => each.name === status.name);
  const policy = container?.restartPolicy ?? podPolicy;
  const exitCode = status.state?.terminated?.exitCode ?? 0;
  const { restartPolicyRules = [] } = container ?? {};
  const rule = restartPolicyRules.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) === true;
    return exitCodes?.operator === "NotIn" ? !listed : listed;
  });
  return policy === "Always" || rule !== undefined || (policy === "OnFailure" && exitCode !== 0);
}

type StatusList = "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses";

function transitions(pod: Pod, old: Pod, list: StatusList, isAllowed: (old: ContainerStatus) => boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, before] of (old.status?.[list] ?? []).entries()) {
    if (before.state?.terminated === undefined || isAllowed(before)) continue;
    for (const after of pod.status?.[list] ?? [])
      if (after.name === before.name && after.state?.terminated === undefined)
        errors.push(
          forbiddenField(
            statusPath.child(list).index(i).child("state"),
            "may not be transitioned to non-terminated state",
          ),
        );
  }
  return errors;
}

function validateClaimStatuses(pod: Pod): FieldError[] {
  const at = statusPath.child("resourceClaimStatuses");
  const claims = new Set((pod.spec?.resourceClaims ?? []).map((claim) => claim.name));
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, { name, resourceClaimName }] of (pod.status?.resourceClaimStatuses ?? []).entries()) {
    const here = at.index(i).child("name");
    if (!claims.has(name))
      errors.push(invalidValue(here, name, "must match the name of an entry in `spec.resourceClaims`"));
    if (seen.has(name)) errors.push(duplicate(here, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      pushAll(errors, complaints(here, resourceClaimName, nameIsDNSSubdomain(resourceClaimName, false)));
  }
  return errors;
}

function validateAddresses(list: readonly { ip?: string }[], at: FieldPath): FieldError[] {
  const ips = list.map(({ ip = "" }) => ip);
  const errors = ips.flatMap((ip, i) => ipAddress(at.index(i), ip));
  if (ips.length < 2) return errors;
  if (!isDualStack(ips) || ips.length > 2)
    errors.push(invalidValue(at, list, "may specify no more than one IP for each IP family"));
  for (const [i, each] of list.entries()) if (ips.indexOf(each.ip ?? "") < i) errors.push(duplicate(at.index(i), each));
  return errors;
}

function validatePodIPs(pod: Pod): FieldError[] {
  return validateAddresses(pod.status?.podIPs ?? [], statusPath.child("podIPs"));
}

function validateHostIPs(pod: Pod): FieldError[] {
  const { hostIP = "", hostIPs = [] } = pod.status ?? {};
  const [first] = hostIPs;
  if (first === undefined) return [];
  const at = statusPath.child("hostIPs");
  const errors = validateAddresses(hostIPs, at);
  if (first.ip !== hostIP) errors.unshift(invalidValue(at.index(0).child("ip"), first.ip, "must be equal to `hostIP`"));
  return errors;
}

function validateContainerStatuses(pod: Pod): FieldError[] {
  const spec: PodSpec = pod.spec ?? { containers: [] };
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const errors: FieldError[] = [];
  const lists = { containerStatuses, initContainerStatuses, ephemeralContainerStatuses };
  for (const [name, statuses] of Object.entries(lists))
    for (const [i, status] of statuses.entries())
      pushAll(errors, validateUser(status, spec, statusPath.child(name).index(i).child("linux")));
  pushAll(errors, validateAllocated(containerStatuses, spec.containers ?? [], statusPath.child("containerStatuses")));
  pushAll(
    errors,
    validateAllocated(initContainerStatuses, spec.initContainers ?? [], statusPath.child("initContainerStatuses")),
  );
  for (const [i, status] of ephemeralContainerStatuses.entries())
    if (status.allocatedResourcesStatus?.length)
      errors.push(
        forbiddenField(
          statusPath.child("ephemeralContainerStatuses").index(i).child("allocatedResourcesStatus"),
          "must not be specified in container status",
        ),
      );
  return errors;
}

function validateUser({ user }: ContainerStatus, spec: PodSpec, at: FieldPath): FieldError[] {
  const linux = user?.linux;
  if (linux === undefined) return [];
  if (spec.os?.name === "windows") return [forbiddenField(at, "cannot be set for a windows pod")];
  return [
    ...validateUserID(at.child("uid"), linux.uid ?? 0),
    ...validateGroupID(at.child("gid"), linux.gid ?? 0),
    ...(linux.supplementalGroups ?? []).flatMap((gid, g) =>
      validateGroupID(at.child("supplementalGroups").index(g), gid),
    ),
  ];
}

function validateAllocated(
  statuses: readonly ContainerStatus[],
  containers: readonly Container[],
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, status] of statuses.entries()) {
    const container = containers.find((each) => each.name === status.name);
    for (const [j, { name = "", resources = [] }] of (status.allocatedResourcesStatus ?? []).entries()) {
      const here = at.index(i).child("allocatedResourcesStatus").index(j);
      if (container !== undefined) pushAll(errors, validateAllocatedName(name, container, here.child("name")));
      const ids = new Set<string>();
      for (const [k, { health, resourceID }] of resources.entries()) {
        const resourceAt = here.child("resources").index(k);
        pushAll(errors, supportedOrAbsent(resourceAt.child("health"), health, ["Healthy", "Unhealthy", "Unknown"]));
        if (ids.has(resourceID)) errors.push(duplicate(resourceAt.child("resourceID"), resourceID));
        ids.add(resourceID);
      }
    }
  }
  return errors;
}

function validateAllocatedName(name: string, { resources }: Container, at: FieldPath): FieldError[] {
  if (!name.startsWith("claim:"))
    return resources?.requests?.[name] === undefined
      ? [invalidValue(at, name, "must match one of the container's resource requests")]
      : [];
  const claims = (resources?.claims ?? []).map(
    (claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ""}`,
  );
  const why =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return claims.includes(name) ? [] : [invalidValue(at, name, why)];
}
