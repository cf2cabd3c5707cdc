/** Encryption of objects at rest: `--encryption-provider-config`. What it gives is for the store to be opened with. */

import { readFile } from "node:fs/promises";
import { type Clock, type Logger, messageOf } from "@kubets/apimachinery";
import type { ValueTransformer } from "@kubets/storage";
import { followFile } from "../configuration/watched-file.ts";
import { configurationHash, readEncryptionConfiguration } from "./configuration.ts";
import { type CodecRules, codecRules, EncryptionTransformer } from "./transformer.ts";

export interface EncryptionOptions {
  /** `--encryption-provider-config` */
  readonly path: string;
  /** `--encryption-provider-config-automatic-reload`: a changed file is used at once, if it is valid. Default false. */
  readonly automaticReload?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * @param signal ends the looking for changes of the file
 * @throws Error for a file that cannot be read or is not valid
 */
export async function encryptionAtRest(options: EncryptionOptions, signal: AbortSignal): Promise<ValueTransformer> {
  const { path, automaticReload, clock, logger } = options;
  const content = await textOf(path);
  const load = async (text: string): Promise<CodecRules> => {
    const rules = await codecRules(await readEncryptionConfiguration(text, path));
    logger.info("Loaded the encryption configuration", {
      path,
      hash: configurationHash(text),
      rules: [...rules.keys()],
    });
    return rules;
  };
  const transformer = new EncryptionTransformer(await load(content));
  const apply = async (text: string) => transformer.replace(await load(text));
  if (automaticReload) void followFile({ path, content, clock, logger, apply }, signal);
  return transformer;
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
