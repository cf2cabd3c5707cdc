/** Encryption at rest, as the store asks for it: which providers are for which key. */

import { allDefinitions } from "@kubets/api";
import type { ValueCodec, ValueTransformer } from "@kubets/storage";
import type { EncryptionConfiguration } from "./configuration.ts";
import { formatGroupResource, type GroupResource, parseGroupResource, resourcesOf } from "./group-resource.ts";
import type { EncryptionMetrics, PrefixedCodec } from "./metrics.ts";
import { type ConnectPlugin, makeProvider, ProviderChain } from "./providers.ts";

const root = "/registry/";
const all = "*.*";

/** Codecs by the resource they are for, as {@link formatGroupResource} has it. */
export type CodecRules = ReadonlyMap<string, PrefixedCodec>;

/** For configurations that are known to name none. */
const noPlugins: ConnectPlugin = () => Promise.reject(new Error("there is nothing here to reach KMS plugins with"));

/** @throws Error for a resource that an earlier rule leaves nothing of */
export async function codecRules(config: EncryptionConfiguration, connect = noPlugins): Promise<CodecRules> {
  const rules = new Map<string, Awaited<ReturnType<typeof makeProvider>>[]>();
  for (const { resources = [], providers = [] } of config.resources ?? []) {
    const made = await Promise.all(providers.map((provider) => makeProvider(provider, connect)));
    for (const resource of resources.map(parseGroupResource)) {
      const name = formatGroupResource(resource);
      const masking = [formatGroupResource({ ...resource, resource: "*" }), all].find((rule) => rules.has(rule));
      if (masking !== undefined)
        throw new Error(
          `error while building transformers: resource ${JSON.stringify(name)} is masked by earlier rule ${JSON.stringify(masking)}`,
        );
      rules.set(name, [...(rules.get(name) ?? []), ...made]);
    }
  }
  return new Map([...rules].map(([name, providers]) => [name, new ProviderChain(providers)]));
}

/** The rule for a resource: its own, its group's, or that for everything. */
function ruleFor(rules: CodecRules, resource: GroupResource): PrefixedCodec | undefined {
  const names = [resource, { ...resource, resource: "*" }].map(formatGroupResource);
  return [...names, all].map((name) => rules.get(name)).find((codec) => codec !== undefined);
}

export class EncryptionTransformer implements ValueTransformer {
  readonly #resourceOf = resourcesOf(allDefinitions());
  readonly #listeners: (() => void)[] = [];
  /** What was decided, by paths below the root. */
  readonly #decided = new Map<string, ValueCodec | "below" | undefined>();
  readonly #metrics: EncryptionMetrics | undefined;
  #rules: CodecRules;

  constructor(rules: CodecRules, metrics?: EncryptionMetrics) {
    this.#rules = rules;
    this.#metrics = metrics;
  }

  codecOf(key: string): ValueCodec | undefined {
    if (!key.startsWith(root)) return undefined;
    let end = key.indexOf("/", root.length);
    if (end < 0) return undefined;
    let codec = this.#codecOfPath(key.slice(root.length, end));
    if (codec !== "below") return codec;
    end = key.indexOf("/", end + 1);
    if (end < 0) return undefined;
    codec = this.#codecOfPath(key.slice(root.length, end));
    return codec === "below" ? undefined : codec;
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  /** From now on these are the rules. */
  replace(rules: CodecRules): void {
    this.#rules = rules;
    this.#decided.clear();
    this.readAgain();
  }

  /** What could not be read may be readable now. */
  readAgain(): void {
    for (const listener of this.#listeners) listener();
  }

  #codecFor(resource: GroupResource): ValueCodec | undefined {
    const codec = ruleFor(this.#rules, resource);
    return codec === undefined ? undefined : (this.#metrics?.metered(codec, formatGroupResource(resource)) ?? codec);
  }

  #codecOfPath(path: string): ValueCodec | "below" | undefined {
    const known = this.#decided.get(path);
    if (known !== undefined || this.#decided.has(path)) return known;
    const resource = this.#resourceOf(path);
    const codec = resource === undefined || resource === "below" ? resource : this.#codecFor(resource);
    this.#decided.set(path, codec);
    return codec;
  }
}
