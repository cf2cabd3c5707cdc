/** The operations of resources, the same for both document formats: path, method, action, kind, parameters. Names follow upstream's. */

import type { NamedSubresource, ResourceDefinition, Verb } from "../definition.ts";

export type Method = "get" | "put" | "post" | "delete" | "patch" | "head" | "options";

export interface Operation {
  readonly builtIn: boolean;
  /** It can be answered in protobuf. */
  readonly protobuf: boolean;
  readonly path: string;
  readonly method: Method;
  readonly id: string;
  /** `x-kubernetes-action`; undefined for the resource list of a group. */
  readonly action: string | undefined;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  /** What goes in; undefined without a body. */
  readonly body: Body | undefined;
  /** Definition of what comes out; undefined for streams. */
  readonly result: string | undefined;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "integer" | "boolean";
}

export type Body =
  | { readonly kind: "object"; readonly definition: string; readonly required: boolean }
  | { readonly kind: "patch" };

const string = (name: string): Parameter => ({ name, in: "query", type: "string" });
const integer = (name: string): Parameter => ({ name, in: "query", type: "integer" });
const boolean = (name: string): Parameter => ({ name, in: "query", type: "boolean" });
const inPath = (name: string): Parameter => ({ name, in: "path", type: "string" });

const listParameters = [
  boolean("allowWatchBookmarks"),
  string("continue"),
  string("fieldSelector"),
  string("labelSelector"),
  integer("limit"),
  string("resourceVersion"),
  string("resourceVersionMatch"),
  boolean("sendInitialEvents"),
  integer("timeoutSeconds"),
  boolean("watch"),
];
const pretty = string("pretty");
const writeParameters = [string("dryRun"), string("fieldManager"), string("fieldValidation")];
const deleteParameters = [
  string("dryRun"),
  integer("gracePeriodSeconds"),
  boolean("ignoreStoreReadErrorWithClusterBreakingPotential"),
  boolean("orphanDependents"),
  string("propagationPolicy"),
];

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const deleteBody: Body = { kind: "object", definition: `${meta}.DeleteOptions`, required: false };

interface VerbForm {
  readonly method: Method;
  readonly action: string;
  /** Stands before the kind in the operation's id. */
  readonly word: string;
  /** On the collection, not on one object. */
  readonly collection: boolean;
  readonly parameters: readonly Parameter[];
}

const verbForms: Readonly<Partial<Record<Verb, VerbForm>>> = {
  list: { method: "get", action: "list", word: "list", collection: true, parameters: listParameters },
  create: { method: "post", action: "post", word: "create", collection: true, parameters: writeParameters },
  deletecollection: {
    method: "delete",
    action: "deletecollection",
    word: "delete",
    collection: true,
    parameters: [
      ...listParameters.filter((p) => p.name !== "watch" && p.name !== "allowWatchBookmarks"),
      ...deleteParameters,
    ],
  },
  get: { method: "get", action: "get", word: "read", collection: false, parameters: [] },
  update: { method: "put", action: "put", word: "replace", collection: false, parameters: writeParameters },
  patch: {
    method: "patch",
    action: "patch",
    word: "patch",
    collection: false,
    parameters: [...writeParameters, boolean("force")],
  },
  delete: { method: "delete", action: "delete", word: "delete", collection: false, parameters: deleteParameters },
};

const connectMethods: Readonly<Record<string, readonly Method[]>> = {
  attach: ["get", "post"],
  exec: ["get", "post"],
  portforward: ["get", "post"],
  proxy: ["delete", "get", "head", "options", "patch", "post", "put"],
};

const streamParameters = ["stderr", "stdin", "stdout", "tty"].map(boolean);
/** Query parameters of connections; a proxy's is `path`. */
const connectParameters: Readonly<Record<string, readonly Parameter[]>> = {
  attach: [string("container"), ...streamParameters],
  exec: [string("command"), string("container"), ...streamParameters],
  portforward: [integer("ports")],
};
const logParameters = [
  string("container"),
  boolean("follow"),
  boolean("insecureSkipTLSVerifyBackend"),
  integer("limitBytes"),
  boolean("previous"),
  integer("sinceSeconds"),
  string("stream"),
  integer("tailLines"),
  boolean("timestamps"),
];

/** `/api/v1`, `/apis/apps/v1`. */
export function rootPath({ group, version }: { group: string; version: string }): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** `RbacAuthorizationV1` for rbac.authorization.k8s.io/v1. */
function groupWord({ group, version }: { group: string; version: string }): string {
  const name = group === "" ? "core" : group.replace(/\.k8s\.io$/, "");
  return [...name.split(/[.-]/), version].map(capital).join("");
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `rbacAuthorization_v1`. */
function tagOf(definition: { group: string; version: string }): string {
  const word = groupWord({ ...definition, version: "" });
  return `${word.charAt(0).toLowerCase()}${word.slice(1)}_${definition.version}`;
}

/**
 * The name of an object's definition: what its schema refers to, or for custom resources the group turned around, as upstream names them:
 * `com.example.stable.v1.CronTab`.
 */
export function definitionName({ schema, group, version, kind }: ResourceDefinition): string {
  const { $ref } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf("/") + 1);
  return [...group.split(".").reverse(), version, kind].join(".");
}

function formsOf({ schema, version }: ResourceDefinition): Pick<Operation, "builtIn" | "protobuf"> {
  const builtIn = schema.$ref !== undefined;
  return { builtIn, protobuf: /^v\d+$/.test(version) && schema.$ref?.includes("/io.k8s.api.") === true };
}

/** All operations of one group and version, and the one that lists its resources. */
export function operationsOf(definitions: readonly ResourceDefinition[]): Operation[] {
  const first = definitions[0];
  if (first === undefined) return [];
  const resources: Operation = {
    builtIn: first.schema.$ref !== undefined,
    protobuf: false,
    path: `${rootPath(first)}/`,
    method: "get",
    id: `get${groupWord(first)}APIResources`,
    action: undefined,
    kind: undefined,
    tag: tagOf(first),
    parameters: [],
    body: undefined,
    result: `${meta}.APIResourceList`,
  };
  return [resources, ...definitions.flatMap(resourceOperations)];
}

function resourceOperations(definition: ResourceDefinition): Operation[] {
  const { namespaced, plural, verbs } = definition;
  const root = rootPath(definition);
  const isNamespaces = plural === "namespaces" && definition.group === "";
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const scope = namespaced ? "Namespaced" : "";
  const pathParameters = namespaced ? [inPath("namespace")] : [];
  const own = verbs.flatMap((verb) => {
    const form = verbForms[verb];
    if (form === undefined || (isNamespaces && verb === "deletecollection")) return [];
    const path = form.collection ? collection : `${collection}/{name}`;
    const id = `${form.word}${groupWord(definition)}${verb === "deletecollection" ? "Collection" : ""}${scope}${definition.kind}`;
    const parameters = [...(form.collection ? [] : [inPath("name")]), ...pathParameters, pretty, ...form.parameters];
    return [objectOperation(definition, verb, form, path, id, parameters)];
  });
  const everywhere = namespaced && verbs.includes("list") ? [listEverywhere(definition)] : [];
  const base = { path: `${collection}/{name}`, scope, parameters: [inPath("name"), ...pathParameters] };
  const subresources = subresourcesOf(definition).flatMap((sub) => subresource(definition, sub, base));
  return [...own, ...everywhere, ...watchesOf(definition), ...subresources];
}

/** The old watch paths, from before a watch was a list with a query parameter. */
function watchesOf(definition: ResourceDefinition): Operation[] {
  const { namespaced, plural, verbs, kind, group, version } = definition;
  if (!verbs.includes("watch")) return [];
  const root = `${rootPath(definition)}/watch`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const id = `watch${groupWord(definition)}${namespaced ? "Namespaced" : ""}${kind}`;
  const inNamespace = namespaced ? [inPath("namespace")] : [];
  const common = {
    ...formsOf(definition),
    method: "get",
    kind: { group, version, kind },
    tag: tagOf(definition),
    body: undefined,
    result: `${meta}.WatchEvent`,
  } as const;
  const watch = (path: string, end: string, action: string, places: readonly Parameter[]): Operation => {
    return { ...common, path, id: end, action, parameters: [...places, pretty, ...listParameters] };
  };
  return [
    watch(collection, `${id}List`, "watchlist", inNamespace),
    watch(`${collection}/{name}`, id, "watch", [inPath("name"), ...inNamespace]),
    ...(namespaced
      ? [watch(`${root}/${plural}`, `watch${groupWord(definition)}${kind}ListForAllNamespaces`, "watchlist", [])]
      : []),
  ];
}

function listEverywhere(definition: ResourceDefinition): Operation {
  const id = `list${groupWord(definition)}${definition.kind}ForAllNamespaces`;
  const form = verbForms.list!;
  const parameters = [pretty, ...form.parameters];
  return objectOperation(definition, "list", form, `${rootPath(definition)}/${definition.plural}`, id, parameters);
}

function objectOperation(
  definition: ResourceDefinition,
  verb: Verb,
  form: VerbForm,
  path: string,
  id: string,
  parameters: readonly Parameter[],
): Operation {
  const { group, version, kind } = definition;
  const name = definitionName(definition);
  return {
    ...formsOf(definition),
    path,
    method: form.method,
    id,
    action: form.action,
    kind: { group, version, kind },
    tag: tagOf(definition),
    parameters,
    body: bodyOf(verb, name),
    result: resultOf(verb, name, definition.listKind),
  };
}

function bodyOf(verb: string, definition: string): Body | undefined {
  if (verb === "patch") return { kind: "patch" };
  if (verb === "create" || verb === "update") return { kind: "object", definition, required: true };
  return verb === "delete" || verb === "deletecollection" ? deleteBody : undefined;
}

const namesOf = (group: string, kinds: string) => kinds.split(" ").map((kind) => `io.k8s.api.${group}.${kind}`);

/** Kinds whose delete answers with the object, as upstream's registries have it. */
const returnedWhenDeleted = new Set([
  ...namesOf("core.v1", "PersistentVolume PersistentVolumeClaim Pod PodTemplate ResourceQuota Service ServiceAccount"),
  ...["v1", "v1beta1", "v1beta2", "v1alpha3"].flatMap((version) =>
    namesOf(
      `resource.${version}`,
      "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourcePoolStatusRequest ResourceSlice",
    ),
  ),
  ...namesOf("storage.v1", "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass"),
  ...namesOf("storage.v1beta1", "VolumeAttributesClass"),
]);

function resultOf(verb: string, definition: string, listKind: string): string {
  if (verb === "list") return definition.replace(/[^.]+$/, listKind);
  if (verb === "deletecollection") return `${meta}.Status`;
  return verb === "delete" && !returnedWhenDeleted.has(definition) ? `${meta}.Status` : definition;
}

function subresourcesOf(definition: ResourceDefinition): NamedSubresource[] {
  const { group, version, kind } = definition;
  const whole = { verbs: ["get", "patch", "update"] as const };
  return [
    ...definition.subresources,
    ...(definition.scale === undefined
      ? []
      : [{ name: "scale", group: "autoscaling", version: "v1", kind: "Scale", ...whole }]),
    ...(definition.status === undefined ? [] : [{ name: "status", group, version, kind, ...whole }]),
  ];
}

interface Base {
  readonly path: string;
  readonly scope: string;
  readonly parameters: readonly Parameter[];
}

const subresourceDefinitions: Readonly<Record<string, string>> = {
  Scale: "io.k8s.api.autoscaling.v1.Scale",
  Eviction: "io.k8s.api.policy.v1.Eviction",
  Binding: "io.k8s.api.core.v1.Binding",
  TokenRequest: "io.k8s.api.authentication.v1.TokenRequest",
};

function subresource(definition: ResourceDefinition, sub: NamedSubresource, base: Base): Operation[] {
  const kind = { group: sub.group ?? definition.group, version: sub.version ?? definition.version, kind: sub.kind };
  const path = `${base.path}/${sub.name}`;
  const common = { kind, tag: tagOf(definition), ...formsOf(definition) };
  const suffix = `${base.scope}${definition.kind}${capital(sub.name)}`;
  const methods = connectMethods[sub.name];
  if (methods !== undefined) {
    const ends = sub.name === "proxy" ? ["", "WithPath"] : [""];
    return ends.flatMap((end) =>
      methods.map((method) => ({
        ...common,
        path: end === "" ? path : `${path}/{path}`,
        method,
        id: `connect${groupWord(definition)}${capital(method)}${suffix}${end}`,
        action: "connect",
        parameters: [
          ...base.parameters,
          ...(end === "" ? [] : [inPath("path")]),
          ...(connectParameters[sub.name] ?? [string("path")]),
        ],
        body: undefined,
        result: undefined,
      })),
    );
  }
  const name = sub.kind === definition.kind ? definitionName(definition) : (subresourceDefinitions[sub.kind] ?? "");
  return sub.verbs.flatMap((verb) => {
    const form = verb === "connect" ? undefined : verbForms[verb];
    if (form === undefined) return [];
    return [
      {
        ...common,
        path,
        method: form.method,
        id: `${form.word}${groupWord(definition)}${suffix}`,
        action: form.action,
        parameters: [...base.parameters, pretty, ...(sub.name === "log" ? logParameters : form.parameters)],
        body: bodyOf(verb, name),
        result: sub.name === "log" ? undefined : name,
      },
    ];
  });
}
