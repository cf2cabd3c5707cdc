/** The files of a ConfigMap, Secret, downward API or projected volume. Source of rules and errors: pkg/volume/{configmap,secret,downwardapi,projected}. */

import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from "@kubets/api";
import { isNotFound } from "@kubets/apimachinery";
import type { ServiceAccountToken } from "../objects/token-manager.ts";
import { findContainer, podRef } from "../pods/pod-ref.ts";
import type { DownwardFacts } from "../runtime/downward.ts";
import { fieldValue, resourceValue } from "../runtime/downward.ts";

export interface PayloadFile {
  readonly data: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Owner; root when left out. */
  readonly uid?: number;
}

/** By relative path. */
export type Payload = Map<string, PayloadFile>;

export interface PayloadSources {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<ServiceAccountToken>;
  readonly facts: DownwardFacts;
}

export interface VolumePayload {
  readonly files: Payload;
  /** Epoch milliseconds at which the content must be made again; undefined for never. */
  readonly refreshAt: number | undefined;
}

const defaultMode = 0o644;

export function isPayloadVolume(volume: Volume): boolean {
  return (
    volume.configMap !== undefined ||
    volume.secret !== undefined ||
    volume.downwardAPI !== undefined ||
    volume.projected !== undefined
  );
}

/** @throws Error or StatusError that says what is missing. */
export async function volumePayload(pod: Pod, volume: Volume, sources: PayloadSources): Promise<VolumePayload> {
  const files: Payload = new Map();
  const { namespace } = podRef(pod);
  let refreshAt: number | undefined;
  if (volume.configMap !== undefined) {
    const { name = "", items, defaultMode: mode, optional } = volume.configMap;
    await addConfigMap(files, sources, namespace, name, items, mode ?? defaultMode, optional);
  } else if (volume.secret !== undefined) {
    const { secretName = "", items, defaultMode: mode, optional } = volume.secret;
    await addSecret(files, sources, namespace, secretName, items, mode ?? defaultMode, optional);
  } else if (volume.downwardAPI !== undefined) {
    const { items, defaultMode: mode } = volume.downwardAPI;
    addDownward(files, pod, items ?? [], mode ?? defaultMode, sources.facts);
  } else {
    const mode = volume.projected?.defaultMode ?? defaultMode;
    for (const source of volume.projected?.sources ?? []) {
      const again = await addProjection(files, pod, source, mode, sources);
      if (again !== undefined) refreshAt = Math.min(refreshAt ?? again, again);
    }
  }
  return { files, refreshAt };
}

async function addProjection(
  files: Payload,
  pod: Pod,
  source: VolumeProjection,
  mode: number,
  sources: PayloadSources,
): Promise<number | undefined> {
  const { namespace } = podRef(pod);
  if (source.configMap !== undefined) {
    const { name = "", items, optional } = source.configMap;
    await addConfigMap(files, sources, namespace, name, items, mode, optional);
  } else if (source.secret !== undefined) {
    const { name = "", items, optional } = source.secret;
    await addSecret(files, sources, namespace, name, items, mode, optional);
  } else if (source.downwardAPI !== undefined) {
    addDownward(files, pod, source.downwardAPI.items ?? [], mode, sources.facts);
  } else if (source.serviceAccountToken !== undefined) {
    return addToken(files, pod, source.serviceAccountToken, mode, sources);
  } else throw new Error(`projected volume source ${Object.keys(source).join(", ")} is not supported by this kubelet`);
  return undefined;
}

async function addToken(
  files: Payload,
  pod: Pod,
  projection: ServiceAccountTokenProjection,
  mode: number,
  sources: PayloadSources,
): Promise<number> {
  const { token, refreshAt } = await sources.token(pod, projection);
  const uid = commonUser(pod);
  const restricted = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  files.set(projection.path, {
    data: Buffer.from(token, "utf8"),
    mode: restricted ? 0o600 : mode,
    ...(uid === undefined ? {} : { uid }),
  });
  return refreshAt;
}

/** The one user that all containers run as, if the spec says so: it owns the tokens. Source: `FsUserFrom`. */
export function commonUser(pod: Pod): number | undefined {
  const shared = pod.spec?.securityContext?.runAsUser;
  const users = new Set<number | undefined>();
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    users.add(container.securityContext?.runAsUser ?? shared);
  }
  return users.size === 1 ? [...users][0] : undefined;
}

async function addConfigMap(
  files: Payload,
  sources: PayloadSources,
  namespace: string,
  name: string,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
): Promise<void> {
  const map = await orMissing(optional, () => sources.configMap(namespace, name));
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(map?.data ?? {})) data.set(key, Buffer.from(text, "utf8"));
  for (const [key, text] of Object.entries(map?.binaryData ?? {})) data.set(key, Buffer.from(text, "base64"));
  addKeys(files, data, items, mode, optional, "configmap");
}

async function addSecret(
  files: Payload,
  sources: PayloadSources,
  namespace: string,
  name: string,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
): Promise<void> {
  const secret = await orMissing(optional, () => sources.secret(namespace, name));
  const data = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(secret?.data ?? {})) data.set(key, Buffer.from(text, "base64"));
  addKeys(files, data, items, mode, optional, "secret");
}

async function orMissing<T>(optional: boolean | undefined, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (optional === true && isNotFound(error)) return undefined;
    throw error;
  }
}

function addKeys(
  files: Payload,
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
  kind: "configmap" | "secret",
): void {
  if (items === undefined || items.length === 0) {
    for (const [key, content] of data) files.set(key, { data: content, mode });
    return;
  }
  for (const item of items) {
    const content = data.get(item.key);
    if (content === undefined) {
      if (optional === true) continue;
      const what =
        kind === "configmap" ? "configmap references non-existent config key" : "references non-existent secret key";
      throw new Error(`${what}: ${item.key}`);
    }
    files.set(item.path, { data: content, mode: item.mode ?? mode });
  }
}

function addDownward(
  files: Payload,
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
  facts: DownwardFacts,
): void {
  for (const item of items) {
    let text = "";
    if (item.fieldRef !== undefined) text = fieldValue(pod, item.fieldRef.fieldPath, facts);
    else if (item.resourceFieldRef !== undefined) {
      const { containerName = "" } = item.resourceFieldRef;
      const container = findContainer(pod, containerName)?.container;
      if (container === undefined) throw new Error(`container ${containerName} not found`);
      text = resourceValue(container, item.resourceFieldRef, facts);
    }
    files.set(item.path, { data: Buffer.from(text, "utf8"), mode: item.mode ?? mode });
  }
}
