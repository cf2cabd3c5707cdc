/** PATCH: the four types, as a change of the present object. Source: apiserver's handlers/patch.go. */

import type { ResourceDefinition, StatusStrategy } from "@kubets/api";
import {
  apiVersionOf,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  badRequest,
  clone,
  decodeJson,
  hasInfinite,
  type Json,
  type KubeObject,
  messageOf,
  notFound,
  PatchError,
  StatusError,
  writeJson,
} from "@kubets/apimachinery";
import { type DecodedRequest, isJsonObject, jsonCopy, unsupportedMediaType, withNumbers } from "../request/body.ts";
import { bodyTooLarge, maxBodyBytes, maxStoredBytes } from "../request/body-limit.ts";
import {
  decodeObject,
  goTypeOf,
  isCustom,
  notFinite,
  patchedText,
  requireDeclared,
  requireTypes,
} from "../request/decode-object.ts";
import { patchMediaType } from "../request/media-type.ts";
import { parseWriteOptions, type WriteOptions } from "../request/write-options.ts";
import { decodeYamlAside } from "../request/yaml-thread.ts";
import type { ResourceCall } from "../server/context.ts";
import { writeRequestOf } from "../server/context.ts";
import { applyFields } from "./field-manager.ts";
import { jsonPatchNumbers, jsonPatchProblems, requireCustomType } from "./patched-type.ts";
import { requireSameName, requireSameNamespace } from "./same-namespace.ts";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";
export const applyPatchType = "application/apply-patch+yaml";

export interface PatchBody extends DecodedRequest {
  readonly type: string;
  /** In bytes, as it was sent; 0 from a caller in this process. */
  readonly size: number;
}

/** The patch and its options. @throws StatusError 400, 413, 415, 422 */
export async function patchBodyOf(call: ResourceCall): Promise<{ body: PatchBody; options: WriteOptions }> {
  const { request, resource } = call;
  const type = patchMediaType(request);
  const accepted = [jsonPatchType, mergePatchType, strategicPatchType, applyPatchType];
  // Custom resources have no Go struct, and so no strategic merge patch.
  if (isCustom(resource.definition)) accepted.splice(2, 1);
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const options = parseWriteOptions(request.query, "PatchOptions", type === applyPatchType);
  const body = { ...(await readPatch(call, type)), type };
  call.audit?.requestValue(body.value);
  return { body, options };
}

async function readPatch({ request }: ResourceCall, type: string): Promise<Omit<PatchBody, "type">> {
  const { body } = request;
  if (body.type === "none") throw badRequest("error decoding patch: unexpected end of JSON input");
  if (body.type === "value") return { value: jsonCopy(body.value), duplicates: [], size: 0 };
  const bytes = await body.read(maxBodyBytes);
  const isApply = type === applyPatchType;
  const what = isApply ? "YAML" : "patch";
  try {
    const decoded = isApply
      ? await decodeYamlAside(bytes, () => request.signal)
      : withNumbers(decodeJson(bytes), bytes);
    return { ...decoded, size: bytes.length };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`error decoding ${what}: ${messageOf(error)}`);
  }
}

export interface PatchPlan {
  readonly options: WriteOptions;
  readonly apply: boolean;
  transform(old: KubeObject | undefined): KubeObject;
}

/** @param strategy of a named subresource that has rules of its own */
export async function patchTransform(call: ResourceCall, strategy?: StatusStrategy): Promise<PatchPlan> {
  const { body, options } = await patchBodyOf(call);
  const apply = body.type === applyPatchType;
  const transform = apply ? applyTransform(call, body, options, strategy) : patchingTransform(call, body, options);
  return { options, apply, transform };
}

function patchingTransform(call: ResourceCall, body: PatchBody, options: WriteOptions) {
  const { registry, definition } = call.resource;
  const checks = body.type === jsonPatchType && options.fieldValidation !== "Ignore";
  return (old: KubeObject | undefined): KubeObject => {
    if (old === undefined) throw notFound(registry.resourceName, call.info.name);
    const duplicates = checks ? jsonPatchProblems(body.value, body.duplicates) : body.duplicates;
    const patched = body.type === strategicPatchType ? patchStrategic(call, old, body) : patchJson(old, body);
    if (registry.isCustom) requireCustomType(patched, definition, patchedText);
    const numbers = numbersOfPatch(body);
    const decoded = { value: patched, duplicates, ...(numbers === undefined ? {} : { numbers }) };
    const object = decodePatched(call, decoded, options);
    checkNames(object, call);
    object.kind = definition.kind;
    return object;
  };
}

/** Where what a patch writes comes to stand. A strategic merge patch is objects to upstream, whose numbers have no text. */
export function numbersOfPatch({ type, value, numbers }: PatchBody): DecodedRequest["numbers"] {
  if (numbers === undefined || type === strategicPatchType) return undefined;
  return type === jsonPatchType ? () => jsonPatchNumbers(value, numbers()) : numbers;
}

/** JSON patch or merge patch. The result shares nothing with `present`. */
export function patchJson(present: KubeObject, { type, value }: PatchBody): unknown {
  if (type === jsonPatchType) {
    return patching(() => applyJsonPatch(clone(present) as unknown as Json, clone(value)));
  }
  if (value === null) throw badRequest("Invalid JSON Patch");
  if (!isJsonObject(value)) throw badRequest(`error decoding patch: ${notAMap(value)}`);
  return patching(() => applyMergePatch(clone(present) as unknown as Json, clone(value) as Json));
}

/** Null changes nothing. */
function patchStrategic(call: ResourceCall, present: KubeObject, { value, numbers }: PatchBody): unknown {
  const patch = value ?? {};
  if (!isJsonObject(patch)) throw badRequest(notAMap(patch));
  if (numbers !== undefined && hasInfinite(patch)) throw badRequest(notFinite(numbers()).message);
  const { definition, registry } = call.resource;
  return patching(() =>
    applyStrategicMergePatch(clone(present) as unknown as Json, clone(patch), definition.schema, registry.schemas),
  );
}

function notAMap(value: unknown): string {
  return `json: cannot unmarshal ${goTypeOf(value)} into Go value of type map[string]interface {}`;
}

/** The Status of a patch that could not be applied. Upstream's 422 does not say what was wrong; only its cause does here. */
function patching<T>(patch: () => T): T {
  try {
    return patch();
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const { code, message } = error;
    // Upstream calls some of these its own fault; it is the patch's.
    if (code === 400 || code === 500) throw badRequest(message);
    if (code === 413) throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
    throw new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {
      cause: error,
      details: {},
    });
  }
}

/** In bytes. */
const largeConfiguration = 64 * 1024;

/** @throws StatusError 413 for what could never be stored, 500 for fields that the kind does not have */
function checkLarge(call: ResourceCall, configuration: KubeObject, options: WriteOptions, applied: string): void {
  if (writeJson(configuration).length > maxStoredBytes) throw bodyTooLarge(maxStoredBytes);
  const value = configuration as unknown as Record<string, Json>;
  requireDeclared(value, { ...decodeOptionsOf(call, options), applied });
}

function decodeOptionsOf({ resource, warn }: ResourceCall, { fieldValidation }: WriteOptions) {
  const { definition, registry } = resource;
  return { definition, schemas: registry.schemas, fieldValidation, patched: true, warn };
}

function decodePatched(
  call: ResourceCall,
  decoded: DecodedRequest,
  options: WriteOptions,
  applied?: string,
): KubeObject {
  return decodeObject(decoded, { ...decodeOptionsOf(call, options), ...(applied === undefined ? {} : { applied }) });
}

/** A patch cannot make the object another one. */
export function checkNames(object: KubeObject, { info, resource }: ResourceCall): void {
  object.metadata ??= {};
  const { metadata } = object;
  requireSameName(metadata.name, info.name);
  if (!resource.definition.namespaced) return;
  requireSameNamespace(metadata.namespace, info.namespace);
  metadata.namespace = info.namespace;
}

/** @throws StatusError 400 */
function configurationOf(applied: unknown): KubeObject {
  if (applied === null) return {};
  if (isJsonObject(applied)) return applied as KubeObject;
  throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${notAMap(applied)}`);
}

/** What is wrong with a configuration's types is told rather than with whom it is in conflict; who conflicts pays for finding out. */
function withTypesFirst<T>(apply: () => T, check: () => void): T {
  try {
    return apply();
  } catch (error) {
    if (error instanceof StatusError && error.code === 409) check();
    throw error;
  }
}

/** What is no text is not there for upstream, which has yet to look at the types. @throws StatusError 400 */
function requireType(applied: KubeObject, definition: ResourceDefinition): void {
  if (applied.apiVersion === apiVersionOf(definition) && applied.kind === definition.kind) return;
  const textOf = (given: unknown) => (typeof given === "string" ? given : "");
  const [apiVersion, kind] = [textOf(applied.apiVersion), textOf(applied.kind)];
  const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
  throw badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
}

/** @throws StatusError 400, or 500 as upstream for what is of another type than it must be */
function checkMetadata(call: ResourceCall, applied: KubeObject, options: WriteOptions): void {
  const { definition } = call.resource;
  const { info } = call;
  const metadata = applied.metadata ?? {};
  const { name, namespace, managedFields } = metadata;
  const areTexts = [name ?? "", namespace ?? ""].every((each) => typeof each === "string");
  if (!isJsonObject(metadata) || !areTexts || !Array.isArray(managedFields ?? [])) {
    const what = `/; ${definition.group}/${definition.version}, Kind=${definition.kind}`;
    requireTypes(applied as unknown as Json, { ...decodeOptionsOf(call, options), applied: what });
    throw badRequest("error decoding YAML: the metadata of the applied configuration are of the wrong type");
  }
  if (name !== undefined && name !== null) requireSameName(name, info.name);
  if (definition.namespaced) requireSameNamespace(namespace, info.namespace);
}

function applyTransform(call: ResourceCall, body: PatchBody, options: WriteOptions, strategy?: StatusStrategy) {
  const { definition, registry } = call.resource;
  const { info } = call;
  const applied = configurationOf(body.value);
  requireType(applied, definition);
  checkMetadata(call, applied, options);
  const request = {
    ...writeRequestOf(call, options, "UpdateOptions"),
    ...(strategy === undefined ? {} : { strategy }),
  };
  return (old: KubeObject | undefined): KubeObject => {
    const configuration = clone(applied);
    const { namespace = "", name = "" } = configuration.metadata ?? {};
    const what = `${namespace}/${name}; ${definition.group}/${definition.version}, Kind=${definition.kind}`;
    if (body.size > largeConfiguration) checkLarge(call, configuration, options, what);
    const merged = withTypesFirst(
      () => applyFields(registry, old, configuration, request, options.force === true),
      () => {
        requireTypes(applied as unknown as Json, { ...decodeOptionsOf(call, options), applied: what });
        // Which finds fields that the kind does not have.
        decodePatched(call, { value: clone(applied), duplicates: [] }, { ...options, fieldValidation: "Ignore" }, what);
      },
    );
    merged.metadata = {
      ...merged.metadata,
      name: info.name,
      ...(definition.namespaced ? { namespace: info.namespace } : {}),
    };
    return decodePatched(call, { value: merged, duplicates: body.duplicates }, options, what);
  };
}
