/** A resource request to its handler. */

import type { Verb } from "@kubets/api";
import { notFound, StatusError } from "@kubets/apimachinery";
import { isCustom } from "../request/decode-object.ts";
import { type Answer, httpError, value } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { parseWriteOptions } from "../request/write-options.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import { admitCreate } from "../subresource/admit-create.ts";
import type { Call, ResourceCall, SubresourceHandler, VirtualHandler } from "./context.ts";
import { deprecationOf } from "./deprecations.ts";
import { methodNotAllowed } from "./errors.ts";
import {
  bodyObject,
  createObject,
  deleteCollection,
  deleteObject,
  getObject,
  listObjects,
  patchObject,
  updateObject,
  watchObjects,
} from "./resource-handlers.ts";
import { getScale, patchScale, updateScale } from "./scale.ts";

/** By `group/plural/subresource`, and by `group/plural` for resources that are not stored. */
export interface Handlers {
  readonly subresources: Readonly<Record<string, SubresourceHandler>>;
  readonly virtual: Readonly<Record<string, VirtualHandler>>;
  /** Answers reads of resources that are made up when asked for. */
  readonly readers: Readonly<Record<string, (call: ResourceCall) => Answer>>;
}

type Handler = (call: ResourceCall) => Promise<Answer>;

const mainHandlers: Readonly<Record<Verb, Handler>> = {
  get: getObject,
  list: listObjects,
  watch: watchObjects,
  create: createObject,
  update: (call) => updateObject(call),
  patch: (call) => patchObject(call),
  delete: deleteObject,
  deletecollection: deleteCollection,
};
const statusHandlers: Readonly<Record<string, Handler>> = {
  get: getObject,
  update: mainHandlers.update,
  patch: mainHandlers.patch,
};
const scaleHandlers: Readonly<Record<string, Handler>> = { get: getScale, update: updateScale, patch: patchScale };

const pageNotFound = httpError(404, "404 page not found");

export async function dispatch(call: Call, handlers: Handlers): Promise<Answer> {
  const { info, server } = call;
  const resource = server.resources.get(info.apiGroup, info.apiVersion, info.resource);
  if (resource === undefined) return noSuchPath(call);
  const { definition } = resource;
  const resourceCall: ResourceCall = { ...call, resource };
  const deprecation = deprecationOf(definition);
  if (deprecation !== undefined) call.warn(deprecation);
  const key = `${definition.group}/${definition.plural}`;
  if (definition.namespaced && info.namespace === "" && needsNamespace(info)) {
    if (isCustom(definition)) return nothingThere(call);
    throw methodNotAllowed();
  }
  if (!definition.namespaced && info.namespace !== "" && !isNamespaceItself(info)) return noSuchPath(call);
  if (info.subresource === "") {
    const reader = handlers.readers[key];
    if (reader !== undefined && (info.verb === "get" || info.verb === "list")) return reader(resourceCall);
    if (definition.virtual) return await answerVirtual(resourceCall, handlers.virtual[key]);
    return await mainHandler(resourceCall)(resourceCall);
  }
  // Only what is passed on has anything below it. Upstream's handler of custom resources does not look.
  if (info.parts.length > 3 && info.subresource !== "proxy" && !isCustom(definition)) return noSuchPath(call);
  return await subresourceHandler(resourceCall, handlers.subresources[`${key}/${info.subresource}`])(resourceCall);
}

/** A namespace's URL says its name as a namespace too. One below another's URL would be permitted by what holds in that other. */
function isNamespaceItself({ resource, namespace, name }: RequestInfo): boolean {
  return resource === "namespaces" && namespace === name;
}

/** Lists and watches may be about all namespaces; everything else is in one. */
function needsNamespace({ verb, name, subresource }: RequestInfo): boolean {
  return !((verb === "list" || verb === "watch") && (name === "" || subresource === ""));
}

function mainHandler(call: ResourceCall): Handler {
  const { info, resource, request } = call;
  const verb = info.verb as Verb;
  // A list of one by metadata.name has the verb get or list with a name; what is done depends on the URL alone.
  if (!resource.definition.verbs.includes(verb) || !Object.hasOwn(mainHandlers, verb)) throw unsupported(call);
  // PATCH, PUT and the like on a collection have no route upstream; POST has none on an object.
  if (info.name === "" && (verb === "update" || verb === "patch")) throw unsupported(call);
  if (info.name !== "" && verb === "create" && request.method === "POST") throw unsupported(call);
  return mainHandlers[verb];
}

function subresourceHandler(call: ResourceCall, named: SubresourceHandler | undefined): Handler {
  const { info, resource } = call;
  const { definition } = resource;
  let handler: Handler | undefined;
  if (info.subresource === "status" && definition.status !== undefined) handler = statusHandlers[info.verb];
  else if (info.subresource === "scale" && definition.scale !== undefined) handler = scaleHandlers[info.verb];
  else {
    const subresource = definition.subresources.find(({ name }) => name === info.subresource);
    if (isCustom(definition)) throw notFound(resource.registry.resourceName, info.name);
    if (subresource === undefined || named === undefined) return async () => noSuchPath(call);
    // OPTIONS has no verb, and is passed on as every method is.
    const options = info.subresource === "proxy" && info.verb === "" && call.request.method === "OPTIONS";
    if (options || subresource.verbs.includes(info.verb as Verb)) handler = named;
  }
  if (handler === undefined) throw unsupported(call);
  return handler;
}

async function answerVirtual(call: ResourceCall, handler: VirtualHandler | undefined): Promise<Answer> {
  if (handler === undefined || call.info.verb !== "create") throw methodNotAllowed();
  const options = parseWriteOptions(call.request.query, "CreateOptions");
  const object = await bodyObject(call, options);
  const { group, version, kind, plural } = call.resource.definition;
  // A Binding is admitted by its handler, for its other URL has the same.
  if (plural !== "bindings")
    await admitCreate(call, object, { kind: { group, version, kind }, dryRun: options.dryRun });
  return value(201, await handler(call, object));
}

/** A path below a group version of built-in kinds is refused by upstream's router, which answers with a Status; any other by its last resort. */
function noSuchPath(call: Call): Answer {
  const { info, server } = call;
  for (const { definition } of server.resources.all()) {
    const { group, version } = definition;
    if (group === info.apiGroup && version === info.apiVersion && !isCustom(definition)) {
      throw new StatusError(404, "NotFound", "the server could not find the requested resource", { details: {} });
    }
  }
  return nothingThere(call);
}

/**
 * The last resort. What is not there yet may come, and nobody is to take it for gone; but for the server itself, whose doing it may be that waits for.
 * Source: apiserver's util/notfoundhandler.
 * @throws StatusError 503
 */
export function nothingThere({ server, user }: Call): Answer {
  if (!server.awaitsPaths() || user.name === apiServerIdentity.name) return pageNotFound;
  const message = "the request has been made before all known HTTP paths have been installed, please try again";
  throw new StatusError(503, "ServiceUnavailable", message, { details: { retryAfterSeconds: 5 } });
}

function unsupported({ info, resource }: ResourceCall): StatusError {
  return isCustom(resource.definition) ? methodNotSupported(info) : methodNotAllowed();
}

/** Of custom resources, whose handler takes every method. */
function methodNotSupported({ verb, resource, apiGroup }: RequestInfo): StatusError {
  const kind = apiGroup === "" ? resource : `${resource}.${apiGroup}`;
  return new StatusError(
    405,
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind ${JSON.stringify(kind)}`,
    {
      details: { ...(apiGroup === "" ? {} : { group: apiGroup }), kind: resource },
    },
  );
}
