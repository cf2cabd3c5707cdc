/** Encryption of objects at rest: `--encryption-provider-config`. What it gives is for the store to be opened with, and for the server to tell of. */

import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, type Logger, messageOf, type Random, realRandom } from "@kubets/apimachinery";
import type { ValueTransformer } from "@kubets/storage";
import { followFile } from "../configuration/watched-file.ts";
import type { HealthCheck } from "../server/health.ts";
import { configurationHash, type EncryptionConfiguration, readEncryptionConfiguration } from "./configuration.ts";
import { EncryptionMetrics } from "./metrics.ts";
import { type KmsPlugins, loadedPlugins, noPlugins } from "./plugins.ts";
import { type CodecRules, codecRules, EncryptionTransformer } from "./transformer.ts";

export interface EncryptionOptions {
  /** `--encryption-provider-config` */
  readonly path: string;
  /** `--encryption-provider-config-automatic-reload`: a changed file is used at once, if it is valid. Default false. */
  readonly automaticReload?: boolean;
  /** What tells this API server from the others of the cluster, for metrics. Default the machine's name. */
  readonly host?: string;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger: Logger;
}

/** What encrypts values on their way to the store, and what it tells of itself. */
export interface EncryptionAtRest extends ValueTransformer {
  /** `kms-providers`, below `/healthz` and `/readyz`: none where there can be no plugins. */
  readonly healthChecks: readonly HealthCheck[];
  /** Lines of `/metrics`. */
  metrics(): readonly string[];
}

interface Loaded {
  readonly rules: CodecRules;
  readonly plugins: KmsPlugins;
  readonly hash: string;
}

/**
 * @param signal ends the looking for changes of the file, and the connections to KMS plugins
 * @throws Error for a file that cannot be read or is not valid
 */
export async function encryptionAtRest(options: EncryptionOptions, signal: AbortSignal): Promise<EncryptionAtRest> {
  const { path, automaticReload = false, host = hostname(), clock, random = realRandom, logger } = options;
  const content = await textOf(path);
  const metrics = new EncryptionMetrics(clock, host);
  let transformer: EncryptionTransformer | undefined;
  const means = { clock, random, logger, metrics: metrics.kms, onReadable: () => transformer?.readAgain() };
  const load = async (text: string): Promise<Loaded> => {
    const config = await readEncryptionConfiguration(text, path);
    const plugins = usesPlugins(config) ? await loadedPlugins(means, signal) : noPlugins;
    try {
      const rules = await codecRules(config, plugins.connect);
      return { rules, plugins, hash: configurationHash(text) };
    } catch (error) {
      plugins.close();
      throw error;
    }
  };
  const use = ({ rules, hash }: Loaded) => {
    logger.info("Loaded the encryption configuration", { path, hash, rules: [...rules.keys()] });
  };
  let current = await load(content);
  use(current);
  metrics.configuration.loaded(content);
  const reload = metrics.configuration.applying(async (text) => {
    const next = await load(text);
    await next.plugins.awaitHealth();
    const before = current;
    current = next;
    use(next);
    transformer!.replace(next.rules);
    before.plugins.closeSoon();
  });
  transformer = new EncryptionTransformer(current.rules, metrics);
  if (automaticReload) void followFile({ path, content, clock, logger, retry: true, apply: reload }, signal);
  const checked = automaticReload || current.plugins !== noPlugins;
  return Object.assign(transformer, {
    healthChecks: checked ? [{ name: "kms-providers", check: () => current.plugins.check() }] : [],
    metrics: () => metrics.meters.lines(),
  });
}

function usesPlugins({ resources = [] }: EncryptionConfiguration): boolean {
  return resources.some(({ providers = [] }) => providers.some(({ kms }) => kms !== undefined));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(
      `error while parsing file: error while loading file: error reading encryption provider configuration file ${JSON.stringify(path)}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
