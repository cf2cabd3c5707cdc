/** The verbs of stored resources, and of their status: request to registry to answer. */

import type { StatusStrategy } from "@kubets/api";
import {
  badRequest,
  escapeFieldValue,
  type KubeObject,
  parseFieldSelector,
  StatusError,
  TimeSlice,
} from "@kubets/apimachinery";
import { create } from "../registry/create.ts";
import { type Deleted, remove } from "../registry/delete.ts";
import { type ListPage, readList } from "../registry/list.ts";
import { patchTransform } from "../registry/patch.ts";
import { parseSelection } from "../registry/selection.ts";
import type { ServedObject } from "../registry/served-object.ts";
import { replaceWith, update } from "../registry/update.ts";
import { readObjectBody } from "../request/body.ts";
import { decodeObject } from "../request/decode-object.ts";
import { parseListOptions, parseResourceVersion } from "../request/list-options.ts";
import { type Answer, value } from "../request/request.ts";
import {
  type DeleteOptions,
  deleteOptionsObject,
  parseDeleteOptions,
  parseWriteOptions,
  type WriteOptions,
} from "../request/write-options.ts";
import { WatchRequest } from "../watch/watch-request.ts";
import { type ResourceCall, writeRequestOf } from "./context.ts";

export async function getObject({ resource, info, request }: ResourceCall): Promise<Answer> {
  const version = request.query.get("resourceVersion") ?? "";
  const served = await resource.registry.get(info.namespace, info.name, version);
  return { status: 200, content: { type: "object", served, definition: resource.definition } };
}

export async function listObjects(call: ResourceCall): Promise<Answer> {
  const { items, metadata } = await selected(call);
  return { status: 200, content: { type: "list", items, metadata, definition: call.resource.definition } };
}

function selected({ resource, info, request }: ResourceCall): Promise<ListPage> {
  const { definition, registry } = resource;
  const options = parseListOptions(request.query);
  const selection = parseSelection(definition, options);
  return readList(registry, namespaceOf(info.namespace, definition.namespaced), selection, options);
}

export async function watchObjects({ resource, info, request, server }: ResourceCall): Promise<Answer> {
  const { definition, registry, hub } = resource;
  const query = new URLSearchParams(request.query);
  // The legacy path /watch/pods/x says it by its form.
  query.set("watch", "true");
  if (info.name !== "") query.set("fieldSelector", selectorOfOne(info.name, query.get("fieldSelector")));
  const options = parseListOptions(query);
  // Once it has begun it could only say so in an event.
  parseResourceVersion(options.resourceVersion);
  const selection = parseSelection(definition, options);
  const namespace = namespaceOf(info.namespace, definition.namespaced);
  const watch = new WatchRequest(registry, hub, namespace, selection, options, server.minRequestTimeoutMs);
  return { status: 200, content: { type: "watch", watch, definition } };
}

/** What was permitted is to watch this one. @throws StatusError 400 for a selector that asks for more */
function selectorOfOne(name: string, selector: string | null): string {
  if (!selector) return `metadata.name=${escapeFieldValue(name)}`;
  if (parseFieldSelector(selector).requiresExactMatch("metadata.name") !== name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return selector;
}

/** For namespaces the URL's namespace is the object's own name. */
function namespaceOf(namespace: string, namespaced: boolean): string {
  return namespaced ? namespace : "";
}

/** The request's body as an object of its kind. @throws StatusError 400, 413 or 415 for one that cannot be read */
export async function bodyObject(call: ResourceCall, options: WriteOptions): Promise<KubeObject> {
  const { definition, registry } = call.resource;
  const object = decodeObject(await readObjectBody(call.request, definition.kind), {
    definition,
    schemas: registry.schemas,
    fieldValidation: options.fieldValidation,
    warn: call.warn,
  });
  call.audit?.requestObject(object);
  return object;
}

export async function createObject(call: ResourceCall): Promise<Answer> {
  const { definition, registry } = call.resource;
  const options = parseWriteOptions(call.request.query, "CreateOptions");
  const object = await bodyObject(call, options);
  const served = await create(registry, object, { ...writeRequestOf(call, options, "CreateOptions"), name: "" });
  return { status: 201, content: { type: "object", served, definition } };
}

/** GET, PUT and PATCH of a subresource that is a view of the whole object with rules of its own. */
export function strategySubresource(strategy: StatusStrategy): (call: ResourceCall) => Promise<Answer> {
  return async (call) => {
    if (call.info.verb === "get") return await getObject(call);
    return call.info.verb === "patch" ? await patchObject(call, strategy) : await updateObject(call, strategy);
  };
}

/** PUT, on the object or its status. */
export async function updateObject(call: ResourceCall, strategy?: StatusStrategy): Promise<Answer> {
  const { definition, registry } = call.resource;
  const options = parseWriteOptions(call.request.query, "UpdateOptions");
  const body = await bodyObject(call, options);
  const request = writeRequestOf(call, options, "UpdateOptions");
  const { served, created } = await update(registry, {
    ...request,
    ...(strategy === undefined ? {} : { strategy }),
    transform: replaceWith(body, request),
    createIfAbsent: call.info.subresource === "" && definition.strategy.allowCreateOnUpdate === true,
  });
  return { status: created ? 201 : 200, content: { type: "object", served, definition } };
}

/** PATCH, on the object or its status. */
export async function patchObject(call: ResourceCall, strategy?: StatusStrategy): Promise<Answer> {
  const { definition, registry } = call.resource;
  const { transform, options, apply } = await patchTransform(call, strategy);
  const request = writeRequestOf(call, options, "UpdateOptions");
  const { served, created } = await update(registry, {
    ...request,
    ...(strategy === undefined ? {} : { strategy }),
    transform,
    createIfAbsent: apply && call.info.subresource === "",
    tracked: apply,
    patch: true,
  });
  return { status: created ? 201 : 200, content: { type: "object", served, definition } };
}

export async function deleteObject(call: ResourceCall): Promise<Answer> {
  const deleteOptions = await readDeleteOptions(call);
  const deleted = await remove(call.resource.registry, deleteRequestOf(call, deleteOptions, call.info.name));
  return deletedAnswer(call, deleted, deleteOptions);
}

async function readDeleteOptions({ request, audit }: ResourceCall, query = request.query): Promise<DeleteOptions> {
  const body = await readObjectBody(request);
  if (body !== undefined) audit?.requestValue(body.value);
  return parseDeleteOptions(query, body?.value, body?.numbers);
}

function deleteRequestOf(call: ResourceCall, deleteOptions: DeleteOptions, name: string) {
  const options = {
    dryRun: deleteOptions.dryRun,
    fieldManager: "",
    fieldValidation: "Ignore",
    force: undefined,
  } as const;
  return {
    ...writeRequestOf(call, options, "DeleteOptions"),
    name,
    subresource: "",
    deleteOptions,
    options: deleteOptionsObject(deleteOptions),
  };
}

function deletedAnswer({ resource }: ResourceCall, deleted: Deleted, options: DeleteOptions): Answer {
  if (deleted.type === "status") return value(200, deleted.status);
  const status = !deleted.gone && options.orphanDependents === false ? 202 : 200;
  return { status, content: { type: "object", served: deleted.served, definition: resource.definition } };
}

const deletesAtOnce = 64;

/** Answers with the list of what was chosen, as it was before. */
export async function deleteCollection(call: ResourceCall): Promise<Answer> {
  const { definition, registry } = call.resource;
  const deleteQuery = new URLSearchParams(call.request.query);
  // Of a collection these choose the list, and are no condition for each of its objects.
  for (const name of ["uid", "resourceVersion"]) deleteQuery.delete(name);
  const deleteOptions = await readDeleteOptions(call, deleteQuery);
  const { items, metadata } = await selected(call);
  const removeOne = async ({ object }: ServedObject) => {
    const { name = "", namespace = "" } = object.metadata ?? {};
    try {
      await remove(registry, { ...deleteRequestOf(call, deleteOptions, name), namespace });
    } catch (error) {
      // Gone already, by another's hand, is what was wanted.
      if (!(error instanceof StatusError) || error.reason !== "NotFound") throw error;
    }
  };
  // Some at a time: their commits share an fsync.
  const slice = new TimeSlice();
  for (let i = 0; i < items.length; i += deletesAtOnce) {
    await Promise.all(items.slice(i, i + deletesAtOnce).map(removeOne));
    if (slice.over) await slice.end();
  }
  return { status: 200, content: { type: "list", items, metadata, definition } };
}
