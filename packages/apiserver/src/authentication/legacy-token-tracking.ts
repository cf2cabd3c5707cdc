/**
 * When tokens in secrets were last used: the label `kubernetes.io/legacy-token-last-used` on their secrets, and since when that is known.
 * Source: kubernetes' pkg/serviceaccount and controlplane/controller/legacytokentracking.
 */

import { type ConfigMap, configMaps, type Resource, type Secret } from "@kubets/api";
import { type Clock, isAlreadyExists, type KubeObject, type Logger, messageOf } from "@kubets/apimachinery";

const lastUsedLabel = "kubernetes.io/legacy-token-last-used";
const configMapName = "kube-apiserver-legacy-service-account-token-tracking";
const dayMs = 24 * 60 * 60 * 1000;

export interface LegacyTokenTracking {
  /** Told of each use; writes at most once a day for each secret, and nobody waits for it. */
  used(secret: Secret): void;
}

export interface TrackingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sends a merge patch, as the API server itself. */
  patchSecret(namespace: string, name: string, patch: object): Promise<unknown>;
}

export function trackLegacyTokens({ clock, logger, patchSecret }: TrackingOptions): LegacyTokenTracking {
  const writing = new Set<string>();
  return {
    used({ metadata = {} }) {
      const { namespace = "", name = "", uid, labels = {} } = metadata;
      const [today, tomorrow] = [dateOf(clock.now()), dateOf(clock.now() + dayMs)];
      const last = labels[lastUsedLabel];
      const key = `${namespace}/${name}`;
      if (last === today || last === tomorrow || writing.has(key)) return;
      writing.add(key);
      // Bookkeeping: a failure is told, and tried again with the next use.
      void patchSecret(namespace, name, { metadata: { uid, labels: { [lastUsedLabel]: today } } })
        .catch((error: unknown) =>
          logger.warn("A token's use could not be noted", { secret: key, err: messageOf(error) }),
        )
        .finally(() => writing.delete(key));
    },
  };
}

/** What writes the ConfigMap: the bootstrap policy's writer is one. */
export interface TrackingWriter {
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>;
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<unknown>;
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<unknown>;
}

/** Says since when uses are noted. A day that is no day, or is yet to come, becomes today. */
export async function ensureTrackingSince(writer: TrackingWriter, clock: Clock): Promise<void> {
  const now = clock.now();
  const data = { since: dateOf(now) };
  const found = await writer.get<ConfigMap>(configMaps, "kube-system", configMapName);
  if (found === undefined) {
    try {
      await writer.create(configMaps, { metadata: { namespace: "kube-system", name: configMapName }, data });
    } catch (error) {
      // Another API server was quicker.
      if (!isAlreadyExists(error)) throw error;
    }
    return;
  }
  const since = Date.parse(`${found.data?.["since"] ?? ""}T00:00:00Z`);
  if (Number.isNaN(since) || since > now + dayMs)
    await writer.update(configMaps, { ...found, data: { ...found.data, ...data } });
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
