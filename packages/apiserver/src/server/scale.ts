/** The scale subresource: autoscaling/v1 Scale over three paths of the object. */

import { ageColumn, column, nameColumn, type ResourceDefinition, type ScaleDefinition, schemaSet } from "@kubets/api";
import {
  badRequest,
  clone,
  formatLabelSelector,
  internalError,
  invalid,
  invalidValue,
  type KubeObject,
  type LabelSelector,
  path,
} from "@kubets/apimachinery";
import { applyFields } from "../registry/field-manager.ts";
import {
  applyPatchType,
  checkNames,
  numbersOfPatch,
  type PatchBody,
  patchBodyOf,
  patchJson,
} from "../registry/patch.ts";
import { ServedObject } from "../registry/served-object.ts";
import { update } from "../registry/update.ts";
import { type DecodedRequest, isJsonObject, readObjectBody } from "../request/body.ts";
import { type DecodeOptions, decodeObject, isCustom } from "../request/decode-object.ts";
import type { Answer } from "../request/request.ts";
import { parseWriteOptions, type WriteOptions } from "../request/write-options.ts";
import { type ResourceCall, writeRequestOf } from "./context.ts";

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

const scaleKind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: { $ref: "#/components/schemas/io.k8s.api.autoscaling.v1.Scale" },
};
const scaleColumns = [
  nameColumn,
  column("Desired", ({ spec }: Scale) => spec?.replicas ?? 0, { type: "integer" }),
  column("Available", ({ status }: Scale) => status?.replicas ?? 0, { type: "integer" }),
  ageColumn,
];

export async function getScale({ resource, info }: ResourceCall): Promise<Answer> {
  const served = await resource.registry.get(info.namespace, info.name);
  requireReplicas(served.object, resource.definition);
  return answerOf(served.object, resource.definition);
}

export async function updateScale(call: ResourceCall): Promise<Answer> {
  const options = parseWriteOptions(call.request.query, "UpdateOptions");
  const scale: Scale = decodeObject(await readObjectBody(call.request, "Scale"), decoding(call, options));
  call.audit?.requestObject(scale as KubeObject);
  checkNames(scale, call);
  return await write(call, writeRequestOf(call, options, "UpdateOptions"), () => scale);
}

function decoding({ warn }: ResourceCall, { fieldValidation }: WriteOptions): DecodeOptions {
  return { definition: scaleKind, schemas: schemaSet, fieldValidation, warn };
}

export async function patchScale(call: ResourceCall): Promise<Answer> {
  const { body, options } = await patchBodyOf(call);
  if (body.type === applyPatchType) return await applyScale(call, body, options);
  const asPatched = { ...decoding(call, options), patched: true };
  const change = (present: Scale) => {
    const scale: Scale = decodeObject(patched(present, body), asPatched);
    checkNames(scale, call);
    return scale;
  };
  return await write(call, writeRequestOf(call, options, "UpdateOptions"), change);
}

/** Who applies a scale owns the object's replicas, by way of this subresource. */
async function applyScale(
  call: ResourceCall,
  { value: applied, duplicates }: PatchBody,
  options: WriteOptions,
): Promise<Answer> {
  const { registry, definition } = call.resource;
  const { info } = call;
  if (!isJsonObject(applied)) throw badRequest("error decoding YAML: the applied configuration must be an object");
  const apiVersion = "autoscaling/v1";
  const said = applied["apiVersion"];
  if (said !== apiVersion) {
    const given = `Specified patch version: ${typeof said === "string" ? said : ""}, expected: ${apiVersion}`;
    throw badRequest(`Incorrect version specified in apply patch. ${given}`);
  }
  const what = `${info.namespace}/${info.name}; ${apiVersion}, Kind=Scale`;
  const scale: Scale = decodeObject({ value: applied, duplicates }, { ...decoding(call, options), applied: what });
  const request = writeRequestOf(call, options, "UpdateOptions");
  const configuration: KubeObject = {
    apiVersion: registry.apiVersion,
    kind: definition.kind,
    metadata: { name: info.name, ...(definition.namespaced ? { namespace: info.namespace } : {}) },
  };
  validate(scale, info.name, definition);
  if (scale.spec?.replicas !== undefined) {
    setPath(configuration, definition.scale!.specReplicasPath, scale.spec.replicas);
  }
  return await write(call, request, (present) => present, {
    tracked: true,
    transform: (old) => applyFields(registry, old, configuration, request, options.force === true),
  });
}

function patched(present: Scale, body: PatchBody): DecodedRequest {
  const numbers = numbersOfPatch(body);
  const { duplicates } = body;
  return { value: patchJson(present, body), duplicates, ...(numbers === undefined ? {} : { numbers }) };
}

async function write(
  call: ResourceCall,
  request: ReturnType<typeof writeRequestOf>,
  change: (present: Scale) => Scale,
  applying?: { readonly tracked: true; transform(old: KubeObject | undefined): KubeObject },
): Promise<Answer> {
  const { registry, definition } = call.resource;
  const scale = definition.scale!;
  const { served } = await update(registry, {
    ...request,
    createIfAbsent: false,
    view: {
      kind: { group: "autoscaling", version: "v1", kind: "Scale" },
      of: (object) => clone(scaleOf(object, scale)),
      apply: (view, object) => setPath(object, scale.specReplicasPath, (view as Scale).spec?.replicas ?? 0),
    },
    transform: (old) => {
      const wanted = change(clone(scaleOf(old!, scale)));
      validate(wanted, request.name, definition);
      const object = clone(old!);
      const version = wanted.metadata?.resourceVersion;
      if (version) object.metadata!.resourceVersion = version;
      if (wanted.metadata?.uid) object.metadata!.uid = wanted.metadata.uid;
      setPath(object, scale.specReplicasPath, wanted.spec?.replicas ?? 0);
      return object;
    },
    ...applying,
  });
  return answerOf(served.object, definition);
}

/** Columns and kind are Scale's own. */
function answerOf(object: KubeObject, { rowConditions: _, ...of }: ResourceDefinition): Answer {
  const served = ServedObject.fromObject(scaleOf(object, of.scale!));
  const definition = {
    ...of,
    ...scaleKind,
    listKind: "ScaleList",
    columns: scaleColumns,
  };
  return { status: 200, content: { type: "object", served, definition } };
}

/** A custom object need not have what its scale is about. @throws StatusError 500, as upstream */
function requireReplicas(object: KubeObject, definition: ResourceDefinition): void {
  const { specReplicasPath } = definition.scale!;
  if (!isCustom(definition) || at(object, specReplicasPath) !== undefined) return;
  throw internalError(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`);
}

function validate(scale: Scale, name: string, definition: ResourceDefinition): void {
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas < 0 && isCustom(definition)) {
    // Whose own rules are asked, and not those of Scale.
    const { group, kind, scale: at } = definition;
    const message = `Invalid value: ${replicas}: should be a non-negative integer`;
    throw invalid(group, kind, name, [{ type: "FieldValueInvalid", field: at!.specReplicasPath, message }]);
  }
  if (replicas >= 0) return;
  const why = "must be greater than or equal to 0";
  throw invalid("autoscaling", "Scale", name, [invalidValue(path("spec.replicas"), replicas, why)]);
}

function scaleOf(object: KubeObject, definition: ScaleDefinition): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  const replicas = at(object, definition.specReplicasPath);
  const selector = definition.labelSelectorPath === undefined ? undefined : at(object, definition.labelSelectorPath);
  const text = selectorText(selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: JSON.parse(JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp })),
    spec: typeof replicas === "number" && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: Number(at(object, definition.statusReplicasPath) ?? 0),
      ...(text === "" ? {} : { selector: text }),
    },
  };
}

/** A serialized selector as it is; a LabelSelector or a map of labels serialized. */
function selectorText(selector: unknown): string {
  if (typeof selector === "string") return selector;
  if (!isJsonObject(selector)) return "";
  const isSelector = "matchLabels" in selector || "matchExpressions" in selector;
  const labels = (isSelector ? selector : { matchLabels: selector }) as LabelSelector;
  const formatted = formatLabelSelector(labels);
  return formatted === "<none>" || formatted === "<error>" ? "" : formatted;
}

function steps(jsonPath: string): string[] {
  return jsonPath.split(".").filter((step) => step !== "");
}

function at(object: unknown, jsonPath: string): unknown {
  let found: unknown = object;
  for (const step of steps(jsonPath))
    found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

function setPath(object: KubeObject, jsonPath: string, replicas: number): void {
  const names = steps(jsonPath);
  let holder = object as Record<string, unknown>;
  for (const step of names.slice(0, -1)) {
    if (!isJsonObject(holder[step])) holder[step] = {};
    holder = holder[step] as Record<string, unknown>;
  }
  holder[names.at(-1)!] = replicas;
}
