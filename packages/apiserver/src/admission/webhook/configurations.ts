/** The webhooks that are configured, followed as they change. Source: apiserver's admission/configuration. */

import type {
  MatchCondition,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  Resource,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "@kubets/api";
import type { ObjectReader } from "../../reader/object-reader.ts";
import { type MatchSource, MatchTable } from "../matching/index.ts";
import type { CompileConditions, Conditions } from "./conditions.ts";

export type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;
type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;

/** One webhook of one configuration. */
export interface Hook {
  readonly webhook: Webhook;
  readonly configuration: string;
  /** Tells webhooks apart whose names are the same. */
  readonly uid: string;
  /** Its place among all webhooks, for audit annotations. */
  readonly index: number;
  /** Undefined when it has none. */
  readonly conditions: Conditions | undefined;
}

export interface ConfigurationsOptions {
  readonly source: MatchSource;
  readonly compileConditions: CompileConditions;
}

export class Configurations {
  readonly #options: ConfigurationsOptions;
  readonly #byName = new Map<string, Configuration>();
  /** Compiled conditions are kept for as long as the webhook is unchanged. */
  readonly #conditions = new WeakMap<Webhook, Conditions>();
  #table: MatchTable<Hook> | undefined;

  constructor(options: ConfigurationsOptions) {
    this.#options = options;
    this.#table = new MatchTable<Hook>(options.source, []);
  }

  /** The webhooks by what they are for: configurations by name, and each one's webhooks in their order. */
  get table(): MatchTable<Hook> {
    this.#table ??= this.#build();
    return this.#table;
  }

  /** Resolves when everything there is, is known; follows changes until `signal` aborts. */
  async follow(reader: ObjectReader, resource: Resource<Configuration>, signal: AbortSignal): Promise<void> {
    await reader.subscribe(
      resource,
      {
        put: (configuration) => this.#changed(configuration, configuration),
        remove: (configuration) => this.#changed(configuration, undefined),
      },
      signal,
    );
  }

  #changed({ metadata }: Configuration, now: Configuration | undefined): void {
    const name = metadata?.name ?? "";
    if (now === undefined) this.#byName.delete(name);
    else this.#byName.set(name, now);
    this.#table = undefined;
  }

  #build(): MatchTable<Hook> {
    const hooks: Hook[] = [];
    for (const name of [...this.#byName.keys()].sort()) {
      const seen = new Map<string, number>();
      for (const webhook of (this.#byName.get(name)?.webhooks ?? []) as readonly Webhook[]) {
        const nth = seen.get(webhook.name) ?? 0;
        seen.set(webhook.name, nth + 1);
        const conditions = this.#conditionsOf(webhook);
        hooks.push({
          webhook,
          configuration: name,
          uid: `${name}/${webhook.name}/${nth}`,
          index: hooks.length,
          conditions,
        });
      }
    }
    return new MatchTable(this.#options.source, hooks.map(entryOf));
  }

  #conditionsOf(webhook: Webhook): Conditions | undefined {
    const { matchConditions = [] as MatchCondition[] } = webhook;
    if (matchConditions.length === 0) return undefined;
    let conditions = this.#conditions.get(webhook);
    if (conditions === undefined) {
      conditions = this.#options.compileConditions(matchConditions);
      this.#conditions.set(webhook, conditions);
    }
    return conditions;
  }
}

function entryOf(hook: Hook) {
  const { rules = [], matchPolicy, namespaceSelector, objectSelector } = hook.webhook;
  return { value: hook, criteria: { rules, matchPolicy, namespaceSelector, objectSelector } };
}
