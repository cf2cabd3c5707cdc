/** A container's environment. Source of order and errors: `makeEnvironmentVariables` in pkg/kubelet/kubelet_pods.go. */

import type { ConfigMap, Container, EnvFromSource, EnvVar, Pod, Secret, Service } from "@kubets/api";
import { isNotFound } from "@kubets/apimachinery";
import { findContainer } from "../pods/pod-ref.ts";
import type { DownwardFacts } from "./downward.ts";
import { fieldValue, resourceValue } from "./downward.ts";
import { expand, lookupIn } from "./expansion.ts";
import { serviceEnvironment } from "./service-env.ts";

export interface EnvironmentSources {
  /** @throws StatusError NotFound */
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  /** @throws StatusError NotFound */
  secret(namespace: string, name: string): Promise<Secret>;
  services(): readonly Service[];
  readonly facts: DownwardFacts;
  /** Keys of an `envFrom` that cannot be names of variables. */
  skipped?(kind: "configMap" | "secret", name: string, keys: readonly string[]): void;
}

/** Relaxed environment names: any printable ASCII but `=`. Source: KEP-4369. */
const variableName = /^[ -<>-~]+$/;

/** @throws Error that says what is missing; its text becomes the message of CreateContainerConfigError. */
export async function makeEnvironment(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<Map<string, string>> {
  const namespace = pod.metadata?.namespace ?? "default";
  const services = serviceEnvironment(sources.services(), namespace, pod.spec?.enableServiceLinks !== false);
  const env = new Map<string, string>();
  for (const from of container.envFrom ?? []) await addFrom(env, namespace, from, sources);
  const lookup = lookupIn(env, services);
  for (const variable of container.env ?? []) {
    const value = await variableValue(pod, container, variable, sources, lookup);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value);
  return env;
}

async function addFrom(
  env: Map<string, string>,
  namespace: string,
  from: EnvFromSource,
  sources: EnvironmentSources,
): Promise<void> {
  const { configMapRef, secretRef } = from;
  const ref = configMapRef ?? secretRef;
  if (ref === undefined) return;
  const kind = configMapRef !== undefined ? "configMap" : "secret";
  const name = ref.name ?? "";
  const data = await optional(ref.optional, async () =>
    kind === "configMap"
      ? ((await sources.configMap(namespace, name)).data ?? {})
      : decodeAll((await sources.secret(namespace, name)).data ?? {}),
  );
  const invalid: string[] = [];
  for (const [key, value] of Object.entries(data ?? {})) {
    const full = `${from.prefix ?? ""}${key}`;
    if (variableName.test(full)) env.set(full, value);
    else invalid.push(full);
  }
  if (invalid.length > 0) sources.skipped?.(kind, `${namespace}/${name}`, invalid.sort());
}

/** Runs `read`; undefined instead of a NotFound when the reference is optional. */
async function optional<T>(isOptional: boolean | undefined, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isOptional === true && isNotFound(error)) return undefined;
    throw error;
  }
}

export function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

function decodeAll(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decodeBase64(value)]));
}

async function variableValue(
  pod: Pod,
  container: Container,
  variable: EnvVar,
  sources: EnvironmentSources,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if ((variable.value ?? "") !== "" || from === undefined) return expand(variable.value ?? "", lookup);
  const namespace = pod.metadata?.namespace ?? "default";
  if (from.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, sources.facts);
  if (from.resourceFieldRef !== undefined) {
    const other = from.resourceFieldRef.containerName;
    const target = other ? findContainer(pod, other)?.container : container;
    if (target === undefined) throw new Error(`container ${other} not found`);
    return resourceValue(target, from.resourceFieldRef, sources.facts);
  }
  if (from.configMapKeyRef !== undefined) {
    const { name = "", key, optional: isOptional } = from.configMapKeyRef;
    const map = await optional(isOptional, () => sources.configMap(namespace, name));
    const value = map?.data?.[key];
    if (value === undefined && isOptional !== true) {
      throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    }
    return value;
  }
  if (from.secretKeyRef !== undefined) {
    const { name = "", key, optional: isOptional } = from.secretKeyRef;
    const secret = await optional(isOptional, () => sources.secret(namespace, name));
    const value = secret?.data?.[key];
    if (value === undefined && isOptional !== true) {
      throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    }
    return value === undefined ? undefined : decodeBase64(value);
  }
  return undefined;
}
