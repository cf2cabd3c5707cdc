/** Where audit events go. */

import type { AuditEvent } from "./event.ts";
import type { AuditMetrics } from "./metrics.ts";

export interface AuditBackend {
  /**
   * Records events, in their order. Never throws or rejects: what cannot be recorded is told to the metrics.
   * @returns false when the request they are about should not go on; a promise only when there is something to wait for
   */
  process(events: readonly AuditEvent[]): boolean | Promise<boolean>;
  /** Records what waits, and lets go of everything. */
  close(): Promise<void>;
}

/** One event to several places. */
export function union(backends: readonly AuditBackend[]): AuditBackend {
  if (backends.length === 1) return backends[0]!;
  return {
    process: (events) => {
      const results = backends.map((backend) => backend.process(events));
      if (results.every((result) => typeof result === "boolean")) return results.every((result) => result);
      return Promise.all(results).then((found) => found.every((result) => result));
    },
    close: async () => {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

/** Mode `blocking`: the request waits for its record, and goes on without it. */
export function ignoringErrors(backend: AuditBackend): AuditBackend {
  return {
    process: (events) => {
      const result = backend.process(events);
      return typeof result === "boolean" ? true : result.then(() => true);
    },
    close: () => backend.close(),
  };
}

/** `--audit-*-truncate-*`, in bytes. */
export interface TruncateOptions {
  readonly maxEventBytes: number;
  readonly maxBatchBytes: number;
}

/**
 * Events that are too large lose their bodies, or are dropped when that is not enough; batches that are too large are given on in parts.
 * Source: apiserver's plugin/pkg/audit/truncate.
 */
export function truncating(backend: AuditBackend, options: TruncateOptions, metrics: AuditMetrics): AuditBackend {
  return {
    process: (events) => {
      const results = batches(events, options, metrics).map((batch) => backend.process(batch));
      if (results.length === 1) return results[0]!;
      if (results.every((result) => typeof result === "boolean")) return results.every((result) => result);
      return Promise.all(results).then((found) => found.every((result) => result));
    },
    close: () => backend.close(),
  };
}

function batches(
  events: readonly AuditEvent[],
  { maxEventBytes, maxBatchBytes }: TruncateOptions,
  metrics: AuditMetrics,
): AuditEvent[][] {
  const found: AuditEvent[][] = [];
  let size = 0;
  for (let event of events) {
    const { level } = event.fields;
    if (event.size > maxEventBytes && (level === "Request" || level === "RequestResponse")) event = event.truncated();
    if (event.size > maxEventBytes) {
      metrics.lost("truncate", "event is too large even after truncating", [event]);
      continue;
    }
    const last = found.at(-1);
    if (last === undefined || size + event.size > maxBatchBytes) {
      found.push([event]);
      size = event.size;
    } else {
      last.push(event);
      size += event.size;
    }
  }
  return found;
}
