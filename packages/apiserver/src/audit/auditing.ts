/** Auditing, put together: a policy that decides, backends that record, and a record for each request. */

import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Dial } from "../egress/egress.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import { header, type ServerRequest } from "../request/request.ts";
import { kubeconfigCaller } from "../webhook/index.ts";
import { type AuditBackend, ignoringErrors, truncating, union } from "./backend.ts";
import { type BatchOptions, BufferedBackend } from "./buffered.ts";
import { PolicyEvaluator } from "./evaluator.ts";
import { type LineSink, LogBackend, streamSink } from "./log-backend.ts";
import { AuditMetrics } from "./metrics.ts";
import { MicroClock } from "./micro-time.ts";
import {
  type AuditLogOptions,
  type AuditMode,
  type AuditOptions,
  type AuditWebhookOptions,
  defaultInitialBackoffMs,
  defaultLogBatch,
  defaultRotation,
  defaultWebhookBatch,
} from "./options.ts";
import { readPolicy } from "./policy.ts";
import { type AuditSystem, RequestAudit } from "./request-audit.ts";
import { RotatingFile } from "./rotating-file.ts";
import { WebhookBackend } from "./webhook-backend.ts";

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For the calls of a webhook. */
  readonly meters?: MetricsRegistry;
  /** How the webhook is reached where not directly. */
  readonly dial?: Dial | undefined;
}

export class Auditing {
  readonly #system: AuditSystem;
  readonly #random: Random;

  private constructor(system: AuditSystem, random: Random) {
    this.#system = system;
    this.#random = random;
  }

  /**
   * Nothing is audited (and undefined given) when there is nowhere to record it.
   * @throws Error for a policy, a kubeconfig or a path that will not do
   */
  static async create(options: AuditOptions, parts: Parts): Promise<Auditing | undefined> {
    const { clock, random, logger } = parts;
    const metrics = new AuditMetrics(clock, logger);
    const policy = await readPolicy(options.policy.text, options.policy.path, logger);
    const backends: AuditBackend[] = [];
    if (options.log !== undefined) backends.push(await logBackend(options.log, metrics, parts));
    if (options.webhook !== undefined) backends.push(await webhookBackend(options.webhook, metrics, parts));
    if (backends.length === 0) return undefined;
    const evaluator = new PolicyEvaluator(policy);
    return new Auditing({ evaluator, backend: union(backends), metrics, clock: new MicroClock(clock) }, random);
  }

  /** A request has come. */
  begin(request: ServerRequest): RequestAudit {
    return new RequestAudit(
      this.#system,
      request,
      request.auditId ?? (header(request, "audit-id") || this.#random.uuid()),
    );
  }

  /** In Prometheus' text format. */
  metrics(): string[] {
    return this.#system.metrics.lines();
  }

  /** Records what waits. To be called when no more requests come. */
  async close(): Promise<void> {
    await this.#system.backend.close();
  }
}

async function logBackend(options: AuditLogOptions, metrics: AuditMetrics, parts: Parts): Promise<AuditBackend> {
  const sink = await logSink(options, parts);
  const { mode = "blocking", format = "json" } = options;
  const batch = { ...defaultLogBatch, ...options.batch };
  // Batches of one, which is the default, and as many of them as there are: nothing is to wait for.
  const direct = mode === "batch" && batch.maxBatchSize === 1 && batch.throttle === undefined;
  const buffer = direct ? { size: batch.bufferSize, clock: parts.clock } : undefined;
  const log = new LogBackend(sink, format, metrics, buffer);
  const backend = direct ? log : inMode(mode, log, batch, metrics, parts);
  return options.truncate === undefined ? backend : truncating(backend, options.truncate, metrics);
}

async function logSink({ path, rotation, stdout }: AuditLogOptions, { clock, logger }: Parts): Promise<LineSink> {
  if (path === "-") return streamSink(stdout ?? process.stdout);
  const onError = (err: unknown) => logger.warn("Old audit logs could not be tidied up", { path, err });
  const file = new RotatingFile(path, { ...defaultRotation, ...rotation }, clock, onError);
  await file.ensure();
  return file;
}

async function webhookBackend(
  { config, mode, batch, truncate, initialBackoffMs = defaultInitialBackoffMs }: AuditWebhookOptions,
  metrics: AuditMetrics,
  parts: Parts,
): Promise<AuditBackend> {
  const { clock, random, logger, meters, dial } = parts;
  const following = new AbortController();
  const looks = { logger, signal: following.signal, dial };
  const caller = await kubeconfigCaller(config.text, config.path, clock, looks, meters);
  const called: ConstructorParameters<typeof WebhookBackend>[0]["caller"] = {
    deliver: (body, options) => caller.deliver(body, options),
    close() {
      following.abort();
      caller.close();
    },
  };
  const webhook = new WebhookBackend({ caller: called, initialBackoffMs, clock, random, metrics });
  const backend = inMode(mode ?? "batch", webhook, { ...defaultWebhookBatch, ...batch }, metrics, parts);
  return truncate === undefined ? backend : truncating(backend, truncate, metrics);
}

function inMode(
  mode: AuditMode,
  backend: AuditBackend,
  batch: BatchOptions,
  metrics: AuditMetrics,
  { clock }: Parts,
): AuditBackend {
  if (mode === "blocking-strict") return backend;
  if (mode === "blocking") return ignoringErrors(backend);
  return new BufferedBackend(backend, batch, clock, metrics);
}
