/** `--encryption-provider-config`: EncryptionConfiguration. Source: apiserver's pkg/apis/apiserver and pkg/server/options/encryptionconfig. */

import { createHash } from "node:crypto";
import { messageOf, parseDuration } from "@kubets/apimachinery";
import { aggregate, decodeConfig, listOf, object, text } from "../configuration/config-object.ts";
import { validateEncryptionConfiguration } from "./validation.ts";

export interface EncryptionConfiguration {
  readonly resources?: readonly ResourceConfiguration[];
}

export interface ResourceConfiguration {
  /** `secrets`, `configmaps.`, `things.example.com`, `*.`, `*.apps`, `*.*` */
  readonly resources?: readonly string[];
  /** The first one writes, all of them read. */
  readonly providers?: readonly ProviderConfiguration[];
}

/** One of them. */
export interface ProviderConfiguration {
  readonly aesgcm?: KeysConfiguration;
  readonly aescbc?: KeysConfiguration;
  readonly secretbox?: KeysConfiguration;
  readonly identity?: object;
  readonly kms?: KmsConfiguration;
}

/** A plugin that keeps the key. */
export interface KmsConfiguration {
  /** "v2"; "v1", which is refused, when it is not said. */
  readonly apiVersion?: string;
  /** Told with every stored value, and not to be changed. */
  readonly name?: string;
  /** Of v1 alone. */
  readonly cachesize?: number;
  /** `unix:///run/kms.sock` */
  readonly endpoint?: string;
  /** Of each call, as Go writes durations. Default 3s. */
  readonly timeout?: string;
}

export interface KeysConfiguration {
  /** The first one writes, all of them read. */
  readonly keys?: readonly Key[];
}

export interface Key {
  readonly name?: string;
  /** In base64. */
  readonly secret?: string;
}

const keys = object({ keys: listOf(object({ name: text, secret: text })) });
const kms = object({ apiVersion: text, name: text, cachesize: { type: "integer" }, endpoint: text, timeout: text });
const provider = object({ aesgcm: keys, aescbc: keys, secretbox: keys, identity: object({}), kms });

/**
 * @param file its name, for messages
 * @throws Error for text that is no such configuration, or one that is not valid. It tells of no secret.
 */
export async function readEncryptionConfiguration(content: string, file: string): Promise<EncryptionConfiguration> {
  const config = await decode(content, file);
  const problems = validateEncryptionConfiguration(config);
  if (problems.length > 0) throw new Error(`error while parsing file: ${aggregate(problems)}`);
  return config;
}

async function decode(content: string, file: string): Promise<EncryptionConfiguration> {
  const name = JSON.stringify(file);
  if (content === "")
    throw new Error(
      `error while parsing file: error while loading file: encryption provider configuration file ${name} is empty`,
    );
  try {
    const decoded = await decodeConfig<EncryptionConfiguration>(content, {
      group: "apiserver.config.k8s.io",
      kind: "EncryptionConfiguration",
      versions: ["v1"],
      fields: { resources: listOf(object({ resources: listOf(text), providers: listOf(provider) })) },
    });
    for (const { providers = [] } of decoded.resources ?? [])
      for (const { kms: plugin } of providers) if (plugin?.timeout !== undefined) parseDuration(plugin.timeout);
    return decoded;
  } catch (cause) {
    throw new Error(
      `error while parsing file: error decoding encryption provider configuration file ${name}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** What tells one configuration from another without telling anything of it. */
export function configurationHash(content: string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
