/** `pods/NAME/binding` and the older `bindings`: a scheduler's decision. Source: pkg/registry/core/pod/storage/storage.go. */

import { type Binding, type Pod, schemaRef, schemaSet, validatePodBinding } from "@kubets/api";
import { badRequest, clone, conflict, formatTime, invalid, type KubeObject, StatusError } from "@kubets/apimachinery";
import type { Registry } from "../registry/registry.ts";
import { requireSameNamespace } from "../registry/same-namespace.ts";
import { update } from "../registry/update.ts";
import type { WriteRequest } from "../registry/write-request.ts";
import { readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { type Answer, value } from "../request/request.ts";
import { parseWriteOptions, type WriteOptions } from "../request/write-options.ts";
import { type ResourceCall, writeRequestOf } from "../server/context.ts";
import { admitCreate } from "./admit-create.ts";
import { successStatus } from "./status.ts";

const resource = { group: "", resource: "pods/binding" };

/** POST on `pods/NAME/binding`. */
export async function bindPod(call: ResourceCall): Promise<Answer> {
  const options = parseWriteOptions(call.request.query, "CreateOptions");
  const binding = await readBinding(call, options);
  const name = binding.metadata?.name ?? call.info.name;
  if (name !== call.info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.info.name})`);
  }
  await bind(call, call.resource.registry, binding, writeRequestOf(call, options, "CreateOptions"));
  return value(201, successStatus(201));
}

/** POST on `bindings`: the pod is the one the body names. */
export async function createBinding(call: ResourceCall, object: KubeObject): Promise<object> {
  const pods = call.server.resources.find("", "pods");
  const name = object.metadata?.name;
  if (pods === undefined || !name) throw badRequest("name must be provided");
  const options = parseWriteOptions(call.request.query, "CreateOptions");
  const request = { ...writeRequestOf(call, options, "CreateOptions"), name, subresource: "binding" };
  await bind(call, pods.registry, object, request);
  return successStatus(201);
}

async function readBinding(call: ResourceCall, { fieldValidation }: WriteOptions): Promise<Binding> {
  const definition = { ...bindingKind, schema: schemaRef("io.k8s.api.core.v1.Binding") };
  const body = await readObjectBody(call.request, "Binding");
  const binding = decodeObject(body, { definition, schemas: schemaSet, fieldValidation, warn: call.warn });
  call.audit?.requestObject(binding);
  return binding;
}

const bindingKind = { group: "", version: "v1", kind: "Binding" };

async function bind(call: ResourceCall, registry: Registry, given: Binding, request: WriteRequest): Promise<void> {
  const binding = { ...given, metadata: { ...given.metadata } };
  requireSameNamespace(binding.metadata.namespace, request.namespace);
  const errors = validatePodBinding(binding);
  if (errors.length > 0) throw invalid("", "Binding", request.name, errors);
  await admitCreate(call, binding, { kind: bindingKind, dryRun: request.dryRun });
  const { uid } = binding.metadata ?? {};
  await update(registry, {
    ...request,
    subresource: "binding",
    createIfAbsent: false,
    admitted: true,
    ...(uid ? { preconditions: { uid } } : {}),
    transform: (old) => assigned(old as Pod, binding, registry.clock.now()),
  });
}

function assigned(old: Pod, { target, metadata }: Binding, now: number): KubeObject {
  const { name = "", deletionTimestamp, generation } = old.metadata ?? {};
  const refuse = (why: string) => conflict(resource, name, why);
  if (deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (old.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(old.spec.nodeName)}`);
  if ((old.spec?.schedulingGates ?? []).length > 0) {
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  }
  if (old.spec === undefined) throw new StatusError(500, "InternalError", `pod ${name} has no spec`);
  const pod = clone(old);
  pod.spec!.nodeName = target!.name!;
  const { annotations, labels } = metadata ?? {};
  if (annotations !== undefined) pod.metadata!.annotations = { ...pod.metadata!.annotations, ...annotations };
  if (labels !== undefined) pod.metadata!.labels = { ...pod.metadata!.labels, ...labels };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastTransitionTime: formatTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
  delete pod.status.nominatedNodeName;
  return pod;
}
