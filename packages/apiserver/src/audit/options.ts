/** How requests are audited, and the flags that say so. Source: apiserver's pkg/server/options/audit.go. */

import type { Writable } from "node:stream";
import { pushAll } from "@kubets/apimachinery";
import type { TruncateOptions } from "./backend.ts";
import type { BatchOptions } from "./buffered.ts";
import type { LogFormat } from "./log-backend.ts";
import type { RotationOptions } from "./rotating-file.ts";

export const auditModes = ["batch", "blocking", "blocking-strict"] as const;
/** Whether requests wait until they are recorded: in batches they do not; strictly, they fail when they cannot be. */
export type AuditMode = (typeof auditModes)[number];
export const auditLogFormats = ["legacy", "json"] as const;

/** What is recorded, by a policy, and where: in a log, by a webhook, or both. */
export interface AuditOptions {
  /** The text of `--audit-policy-file`, and its name for messages. */
  readonly policy: { readonly text: string; readonly path: string };
  readonly log?: AuditLogOptions;
  readonly webhook?: AuditWebhookOptions;
}

interface BackendOptions {
  /** Whether requests wait until they are recorded, or are even refused when they cannot be. */
  readonly mode?: AuditMode;
  readonly batch?: Partial<Omit<BatchOptions, "concurrent">>;
  readonly truncate?: TruncateOptions;
}

/** `--audit-log-*` */
export interface AuditLogOptions extends BackendOptions {
  /** `-` for standard output. */
  readonly path: string;
  /** Default json. */
  readonly format?: LogFormat;
  readonly rotation?: Partial<RotationOptions>;
  /** What `-` stands for. Default the process's. */
  readonly stdout?: Pick<Writable, "write">;
}

/** `--audit-webhook-*` */
export interface AuditWebhookOptions extends BackendOptions {
  /** A kubeconfig's text, and its name for messages and for the files it refers to. */
  readonly config: { readonly text: string; readonly path: string };
  /** Default 10 s. */
  readonly initialBackoffMs?: number;
}

const megabyte = 1024 * 1024;

/** Upstream's, of v1.36. */
export const defaultRotation: RotationOptions = {
  maxBytes: 100 * megabyte,
  maxAgeDays: 366,
  maxBackups: 100,
  compress: false,
};
export const defaultLogBatch: BatchOptions = {
  bufferSize: 10_000,
  maxBatchSize: 1,
  maxBatchWaitMs: 0,
  concurrent: false,
};
export const defaultWebhookBatch: BatchOptions = {
  bufferSize: 10_000,
  maxBatchSize: 400,
  maxBatchWaitMs: 30_000,
  throttle: { qps: 10, burst: 15 },
  concurrent: true,
};
export const defaultInitialBackoffMs = 10_000;

type Kind = "log" | "webhook";

type BatchFlags<K extends Kind> = {
  readonly [name in `audit-${K}-mode`]: string;
} & {
  readonly [name in
    | `audit-${K}-batch-buffer-size`
    | `audit-${K}-batch-max-size`
    | `audit-${K}-batch-max-wait`
    | `audit-${K}-batch-throttle-qps`
    | `audit-${K}-batch-throttle-burst`
    | `audit-${K}-truncate-max-batch-size`
    | `audit-${K}-truncate-max-event-size`]: number;
} & {
  readonly [name in `audit-${K}-batch-throttle-enable` | `audit-${K}-truncate-enabled`]: boolean;
};

/** The flags' values under their names; durations in milliseconds. */
export interface AuditFlags extends BatchFlags<"log">, BatchFlags<"webhook"> {
  readonly "audit-policy-file"?: string | undefined;
  readonly "audit-log-path"?: string | undefined;
  readonly "audit-log-format": string;
  readonly "audit-log-maxage": number;
  readonly "audit-log-maxbackup": number;
  readonly "audit-log-maxsize": number;
  readonly "audit-log-compress": boolean;
  readonly "audit-log-version": string;
  readonly "audit-webhook-config-file"?: string | undefined;
  readonly "audit-webhook-initial-backoff": number;
  readonly "audit-webhook-version": string;
}

/** What is wrong with the flags, in upstream's words. Of a backend that is not used nothing is. */
export function auditFlagProblems(flags: AuditFlags): string[] {
  const problems: string[] = [];
  if (flags["audit-log-path"]) pushAll(problems, [...backendProblems(flags, "log"), ...logProblems(flags)]);
  if (flags["audit-webhook-config-file"]) pushAll(problems, backendProblems(flags, "webhook"));
  return problems;
}

function backendProblems(flags: AuditFlags, kind: Kind): string[] {
  const mode = flags[`audit-${kind}-mode`];
  const problems: string[] = [];
  if (!auditModes.includes(mode as AuditMode))
    problems.push(`invalid audit ${kind} mode ${mode}, allowed modes are "${auditModes.join(",")}"`);
  else if (mode === "batch") pushAll(problems, batchProblems(flags, kind));
  const maxEvent = flags[`audit-${kind}-truncate-max-event-size`];
  const maxBatch = flags[`audit-${kind}-truncate-max-batch-size`];
  if (maxEvent <= 0)
    problems.push(`invalid audit truncate ${kind} max event size ${maxEvent}, must be a positive number`);
  else if (maxBatch < maxEvent)
    problems.push(
      `invalid audit truncate ${kind} max batch size ${maxBatch}, must be greater than max event size (${maxEvent})`,
    );
  const version = flags[`audit-${kind}-version`];
  if (version !== "audit.k8s.io/v1") problems.push('invalid group version, allowed versions are ["audit.k8s.io/v1"]');
  return problems;
}

/** The first of them, as upstream. */
function batchProblems(flags: AuditFlags, kind: Kind): string[] {
  const throttled = flags[`audit-${kind}-batch-throttle-enable`];
  const positive: [string, number][] = [
    ["buffer size", flags[`audit-${kind}-batch-buffer-size`]],
    ["max batch size", flags[`audit-${kind}-batch-max-size`]],
  ];
  if (throttled) {
    positive.push(["throttle QPS", flags[`audit-${kind}-batch-throttle-qps`]]);
    positive.push(["throttle burst", flags[`audit-${kind}-batch-throttle-burst`]]);
  }
  const wrong = positive.find(([, value]) => value <= 0);
  if (wrong === undefined) return [];
  return [`invalid audit batch ${kind} ${wrong[0]} ${wrong[1]}, must be a positive number`];
}

function logProblems(flags: AuditFlags): string[] {
  const problems: string[] = [];
  const format = flags["audit-log-format"];
  if (!auditLogFormats.includes(format as LogFormat))
    problems.push(`invalid audit log format ${format}, allowed formats are "${auditLogFormats.join(",")}"`);
  for (const name of ["audit-log-maxage", "audit-log-maxbackup", "audit-log-maxsize"] as const)
    if (flags[name] < 0) problems.push(`--${name} ${flags[name]} can't be a negative number`);
  return problems;
}

/**
 * @param flags without problems, by {@link auditFlagProblems}
 * @param read gives a file's text
 * @returns undefined when nothing is audited: without a policy, or without anywhere to record it
 */
export async function auditOptions(
  flags: AuditFlags,
  read: (path: string) => Promise<string>,
): Promise<AuditOptions | undefined> {
  const policyFile = flags["audit-policy-file"];
  const logPath = flags["audit-log-path"];
  const configFile = flags["audit-webhook-config-file"];
  if (!policyFile || (!logPath && !configFile)) return undefined;
  return {
    policy: { text: await read(policyFile), path: policyFile },
    ...(logPath ? { log: logOptions(flags, logPath) } : {}),
    ...(configFile ? { webhook: webhookOptions(flags, { text: await read(configFile), path: configFile }) } : {}),
  };
}

function backendOptions(
  flags: AuditFlags,
  kind: Kind,
): Required<Pick<BackendOptions, "mode" | "batch">> & BackendOptions {
  const throttle = flags[`audit-${kind}-batch-throttle-enable`]
    ? { qps: flags[`audit-${kind}-batch-throttle-qps`], burst: flags[`audit-${kind}-batch-throttle-burst`] }
    : undefined;
  return {
    mode: flags[`audit-${kind}-mode`] as AuditMode,
    batch: {
      bufferSize: flags[`audit-${kind}-batch-buffer-size`],
      maxBatchSize: flags[`audit-${kind}-batch-max-size`],
      maxBatchWaitMs: flags[`audit-${kind}-batch-max-wait`],
      throttle,
    },
    ...(flags[`audit-${kind}-truncate-enabled`]
      ? {
          truncate: {
            maxEventBytes: flags[`audit-${kind}-truncate-max-event-size`],
            maxBatchBytes: flags[`audit-${kind}-truncate-max-batch-size`],
          },
        }
      : {}),
  };
}

function logOptions(flags: AuditFlags, path: string): AuditLogOptions {
  return {
    ...backendOptions(flags, "log"),
    path,
    format: flags["audit-log-format"] as LogFormat,
    rotation: {
      maxBytes: flags["audit-log-maxsize"] * megabyte,
      maxAgeDays: flags["audit-log-maxage"],
      maxBackups: flags["audit-log-maxbackup"],
      compress: flags["audit-log-compress"],
    },
  };
}

function webhookOptions(flags: AuditFlags, config: AuditWebhookOptions["config"]): AuditWebhookOptions {
  return {
    ...backendOptions(flags, "webhook"),
    config,
    initialBackoffMs: flags["audit-webhook-initial-backoff"],
  };
}
