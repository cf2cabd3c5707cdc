/** The KMS plugins of one configuration, from when it is read until another has taken its place. */

import type { KmsConfiguration } from "./configuration.ts";
import type { KmsMeans, KmsProvider } from "./kms/provider.ts";
import type { ConnectPlugin } from "./providers.ts";

export interface KmsPlugins {
  readonly connect: ConnectPlugin;
  /** For `kms-providers`. @returns what is wrong with any of them */
  check(): Promise<string | undefined>;
  /** Resolves when all are well. @throws Error when some are not, for as long as their calls may take */
  awaitHealth(): Promise<void>;
  close(): void;
  /** When what is being read or written with them must have ended. */
  closeSoon(): void;
}

const v1Refused =
  "error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.";

/** Of a configuration that names none. */
export const noPlugins: KmsPlugins = {
  connect: () => Promise.reject(new Error("the configuration names no KMS plugins")),
  check: () => Promise.resolve(undefined),
  awaitHealth: () => Promise.resolve(),
  close: () => {},
  closeSoon: () => {},
};

const retryMs = 100;
/** Upstream's: how long plugins of a new configuration have at least to be well. */
const leastHealthMs = 10_000;

/** Loads what is needed for plugins. @param signal ends all of them */
export async function loadedPlugins(means: Omit<KmsMeans, "signal">, signal: AbortSignal): Promise<KmsPlugins> {
  const [{ kmsProvider, defaultTimeout }, { parseDuration }] = await Promise.all([
    import("./kms/provider.ts"),
    import("@kubets/apimachinery"),
  ]);
  const { clock } = means;
  const stop = new AbortController();
  const close = () => {
    signal.removeEventListener("abort", close);
    stop.abort();
  };
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  const providers: KmsProvider[] = [];
  let graceMs = 0;
  const check = async () => {
    const problems: string[] = [];
    for (const [index, provider] of providers.entries()) {
      const problem = await provider.check();
      if (problem !== undefined) problems.push(`kms-provider-${index}: ${problem}`);
    }
    return problems.length <= 1 ? problems[0] : `[${problems.join(", ")}]`;
  };
  return {
    check,
    async connect(config: KmsConfiguration) {
      if ((config.apiVersion ?? "v1") === "v1") throw new Error(v1Refused);
      graceMs += 2 * parseDuration(config.timeout ?? defaultTimeout);
      const provider = await kmsProvider(config, { ...means, signal: stop.signal });
      providers.push(provider);
      return provider;
    },
    async awaitHealth() {
      const until = clock.monotonic() + Math.max(graceMs, leastHealthMs);
      for (;;) {
        const problem = await check();
        if (problem === undefined) return;
        if (clock.monotonic() >= until) {
          close();
          throw new Error(`the KMS plugins of the new configuration are not healthy: ${problem}`);
        }
        await clock.sleep(retryMs, stop.signal);
      }
    },
    close,
    closeSoon() {
      clock.setTimeout(close, graceMs, { unref: true });
    },
  };
}
