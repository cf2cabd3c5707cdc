/** Requests as plugins see them, for the tests of plugins. */

import assert from "node:assert/strict";
import { findDefinition, type PodSpec, type Resource } from "@kubets/api";
import type { KubeObject, ObjectMeta } from "@kubets/apimachinery";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import type { FakeReader } from "../reader/fake-reader.ts";
import { type Lister, Listers } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

export interface Admitted {
  readonly warnings: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** @param resource `pods`, `deployments.apps` */
export function requestOn(resource: string, rest: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  const [plural = "", ...group] = resource.split(".");
  const object = rest.object ?? rest.oldObject;
  return {
    operation: "CREATE",
    definition: findDefinition(group.join("."), "v1", plural)!,
    subresource: "",
    namespace: object?.metadata?.namespace ?? "",
    name: object?.metadata?.name ?? "",
    object: undefined,
    oldObject: undefined,
    options: {},
    user: { name: "alice", groups: [] },
    dryRun: false,
    client: new AbortController(),
    warn() {},
    annotate() {},
    ...rest,
  };
}

/** Both passes of one plugin, if the request concerns it. */
export async function admitBy(plugin: AdmissionPlugin, attributes: AdmissionAttributes): Promise<Admitted> {
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const told: AdmissionAttributes = {
    ...attributes,
    warn: (text) => void warnings.push(text),
    annotate: (key, value) => {
      annotations[key] ??= value;
    },
  };
  const { operation, definition, subresource } = told;
  if (!plugin.handles(operation) || plugin.concerns?.(definition, operation, subresource) === false)
    return { warnings, annotations };
  await plugin.mutate?.(told, { isReinvocation: false, requestReinvocation() {}, memory: new Map() });
  await plugin.validate?.(told);
  return { warnings, annotations };
}

/** A lister of what the reader has, now and later. */
export async function following<T extends KubeObject>(reader: FakeReader, resource: Resource<T>): Promise<Lister<T>> {
  const listers = new Listers();
  const lister = listers.of(resource);
  await listers.follow(reader, new AbortController().signal);
  return lister;
}

/** For reading and making fields of every kind. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what is where.
export const fieldsOf = (object: object): any => object;

/** `ns/web`, with one container. */
export const pod = (spec: Partial<PodSpec> = {}, metadata: ObjectMeta = {}): KubeObject =>
  fieldsOf({ metadata: { namespace: "ns", name: "web", ...metadata }, spec: { containers: [{ name: "c" }], ...spec } });

export const refuses = (promise: Promise<unknown>, message: string | RegExp) => assert.rejects(promise, { message });

/** Allows what `may` says, and remembers what was asked. */
export function authorizerThat(may: (asked: AuthorizationAttributes) => boolean) {
  const asked: AuthorizationAttributes[] = [];
  const authorizer: Authorizer = {
    authorize(attributes) {
      asked.push(attributes);
      return { decision: may(attributes) ? "Allow" : "NoOpinion", reason: "" };
    },
  };
  return { authorizer, asked };
}
