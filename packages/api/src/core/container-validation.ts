/** The containers of a Pod spec: what all kinds share, and what each kind adds. Source: validateContainerCommon and its callers. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  pushAll,
  required,
  tooMany,
} from "@kubets/apimachinery";
import type { Container, ContainerRestartRule, EphemeralContainer, PodSpec } from "../generated/types.ts";
import { validateEnv, validateEnvFrom } from "./container-env-validation.ts";
import { hostPortConflicts, validateContainerPorts } from "./container-ports-validation.ts";
import { validateContainerResources, validateResizePolicy } from "./container-resources-validation.ts";
import { validateSecurityContext } from "./container-security-validation.ts";
import { dnsLabel, oneOf, supportedOrAbsent } from "./pod-field-checks.ts";
import { asContainer, isRestartableInitContainer } from "./pod-helpers.ts";
import { validateHandlers } from "./probe-validation.ts";
import { type VolumesByName, validateVolumeDevices, validateVolumeMounts } from "./volume-mount-validation.ts";

/** What the containers of one Pod spec are checked against. */
export interface ContainerSurroundings {
  readonly spec: PodSpec;
  readonly volumes: VolumesByName;
  readonly claimNames: ReadonlySet<string>;
}

const pullPolicies = ["Always", "IfNotPresent", "Never"];

/** What every container must be. */
function validateCommon(container: Container, around: ContainerSurroundings, at: FieldPath): FieldError[] {
  const { spec, volumes, claimNames } = around;
  return [
    ...(container.name ? dnsLabel(at.child("name"), container.name) : [required(at.child("name"))]),
    ...(container.image ? [] : [required(at.child("image"))]),
    ...oneOf(at.child("terminationMessagePolicy"), container.terminationMessagePolicy, [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...validateContainerPorts(container.ports, at.child("ports")),
    ...validateEnv(container.env, at.child("env")),
    ...validateEnvFrom(container.envFrom, at.child("envFrom")),
    ...validateVolumeMounts(container, volumes, at.child("volumeMounts")),
    ...validateVolumeDevices(container, volumes, at.child("volumeDevices")),
    ...oneOf(at.child("imagePullPolicy"), container.imagePullPolicy, pullPolicies),
    ...validateContainerResources(container.resources, claimNames, at.child("resources")),
    ...validateResizePolicy(container.resizePolicy, spec.restartPolicy, at.child("resizePolicy")),
    ...validateSecurityContext(container.securityContext, spec.hostUsers !== false, at.child("securityContext")),
    ...validateStopSignal(container, spec, at.child("lifecycle", "stopSignal")),
  ];
}

function validateStopSignal(container: Container, spec: PodSpec, at: FieldPath): FieldError[] {
  const signal = container.lifecycle?.stopSignal;
  if (signal === undefined) return [];
  if (!spec.os?.name) return [forbiddenField(at, "may not be set for containers with empty `spec.os.name`")];
  if (spec.os.name === "windows") return supportedOrAbsent(at, signal, ["SIGKILL", "SIGTERM"]);
  return /^SIG[A-Z0-9+-]+$/.test(signal) ? [] : [notSupported(at, signal, [])];
}

export function validateContainers(around: ContainerSurroundings, at: FieldPath): FieldError[] {
  const { containers = [], terminationGracePeriodSeconds: grace } = around.spec;
  if (containers.length === 0) return [required(at)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const here = at.index(i);
    pushAll(errors, validateCommon(container, around, here));
    if (names.has(container.name)) errors.push(duplicate(here.child("name"), container.name));
    names.add(container.name);
    pushAll(errors, [...validateHandlers(container, grace, here), ...validateRestart(container, here)]);
  }
  return [...errors, ...hostPortConflicts(containers, at)];
}

const initOnly = "may not be set for init containers without restartPolicy=Always";

export function validateInitContainers(around: ContainerSurroundings, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set((around.spec.containers ?? []).map((container) => container.name));
  for (const [i, container] of (around.spec.initContainers ?? []).entries()) {
    const here = at.index(i);
    pushAll(errors, [...validateCommon(container, around, here), ...validateRestart(container, here)]);
    if (names.has(container.name)) errors.push(duplicate(here.child("name"), container.name));
    else if (container.name) names.add(container.name);
    // Init containers run one after another, so each is checked for itself.
    pushAll(errors, hostPortConflicts([container], at));
    if (isRestartableInitContainer(container))
      pushAll(errors, validateHandlers(container, around.spec.terminationGracePeriodSeconds, here));
    else
      for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const)
        if (container[field] !== undefined) errors.push(forbiddenField(here.child(field), initOnly));
  }
  return errors;
}

const maxRestartRules = 20;

/** Restart policy and rules of one container. Source: KEP-5307. */
function validateRestart({ restartPolicy, restartPolicyRules = [] }: Container, at: FieldPath): FieldError[] {
  const here = at.child("restartPolicy");
  const errors = supportedOrAbsent(here, restartPolicy, ["Always", "Never", "OnFailure"]);
  if (restartPolicy === undefined && restartPolicyRules.length > 0)
    errors.push(required(here, "must specify restartPolicy when restart rules are used"));
  const rulesAt = at.child("restartPolicyRules");
  if (restartPolicyRules.length > maxRestartRules)
    errors.push(tooMany(rulesAt, restartPolicyRules.length, maxRestartRules));
  for (const [i, rule] of restartPolicyRules.entries()) pushAll(errors, validateRestartRule(rule, rulesAt.index(i)));
  return errors;
}

function validateRestartRule({ action, exitCodes }: ContainerRestartRule, at: FieldPath): FieldError[] {
  const errors = supportedOrAbsent(at.child("action"), action ?? "", ["Restart", "RestartAllContainers"]);
  const here = at.child("exitCodes");
  if (exitCodes === undefined) return [...errors, required(here, "must be specified")];
  pushAll(errors, supportedOrAbsent(here.child("operator"), exitCodes.operator ?? "", ["In", "NotIn"]));
  const values = exitCodes.values ?? [];
  if (values.length > 255) errors.push(tooMany(here.child("values"), values.length, 255));
  return errors;
}

const notForEphemeral = "cannot be set for an Ephemeral Container";

/** Fields that an ephemeral container may not have, in upstream's order. */
const forbiddenOnEphemeral = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
] as const;

export function validateEphemeralContainers(around: ContainerSurroundings, at: FieldPath): FieldError[] {
  const { spec } = around;
  const errors: FieldError[] = [];
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.name));
  const names = new Set(others);
  for (const [i, container] of (spec.ephemeralContainers ?? []).entries()) {
    const here = at.index(i);
    const common = asContainer(container);
    pushAll(errors, [...validateCommon(common, around, here), ...validateImageSpaces(common, here)]);
    if (names.has(container.name)) errors.push(duplicate(here.child("name"), container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFoundValue(here.child("targetContainerName"), target));
    pushAll(errors, forbiddenFields(container, here));
  }
  return errors;
}

function forbiddenFields(container: EphemeralContainer, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of forbiddenOnEphemeral)
    if (!isUnset(container[field])) errors.push(forbiddenField(at.child(field), notForEphemeral));
  for (const [i, mount] of (container.volumeMounts ?? []).entries())
    for (const field of ["subPath", "subPathExpr"] as const)
      if (mount[field]) errors.push(forbiddenField(at.child("volumeMounts").index(i).child(field), notForEphemeral));
  return errors;
}

/** Defaults give every container an empty `resources`. */
function isUnset(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** Pods only: templates have always been allowed spaces around an image. */
export function validateImageSpaces({ image = "" }: Container, at: FieldPath): FieldError[] {
  return image === image.trim()
    ? []
    : [invalidValue(at.child("image"), image, "must not have leading or trailing whitespace")];
}
