/** What becomes of audit events, counted under upstream's names; and the log's word on what was lost. Source: apiserver's pkg/audit/metrics.go. */

import { type Clock, type Logger, messageOf } from "@kubets/apimachinery";
import { type AuditEvent, legacyText } from "./event.ts";
import type { Level } from "./policy.ts";

/** Of what is lost the log says something at most this often. */
const quietMs = 10_000;

export class AuditMetrics {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #errors = new Map<string, number>();
  readonly #levels = new Map<Level, number>();
  readonly #lastLogged = new Map<string, number>();
  readonly #unlogged = new Map<string, number>();
  #events = 0;
  #rejected = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** An event was made for the backends. */
  countEvent(): void {
    this.#events++;
  }

  countLevel(level: Level): void {
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
  }

  /** A request was refused because it could not be recorded. */
  countRejected(): void {
    this.#rejected++;
  }

  /**
   * Events were lost, or may have been.
   * @param plugin which part of the way lost them, by upstream's name
   * @param count how many, where not all of them are there any more
   */
  lost(plugin: string, error: unknown, events: readonly AuditEvent[], count = events.length): void {
    this.#errors.set(plugin, (this.#errors.get(plugin) ?? 0) + count);
    const unlogged = (this.#unlogged.get(plugin) ?? 0) + count;
    this.#unlogged.set(plugin, unlogged);
    const now = this.#clock.monotonic();
    const last = this.#lastLogged.get(plugin);
    if (last !== undefined && now - last < quietMs) return;
    this.#lastLogged.set(plugin, now);
    this.#unlogged.set(plugin, 0);
    const example = events[0] === undefined ? {} : { example: legacyText(events[0]) };
    this.#logger.error("Audit events were not recorded", {
      plugin,
      events: unlogged,
      reason: messageOf(error),
      ...example,
    });
  }

  /** In Prometheus' text format. */
  lines(): string[] {
    const help = (name: string, text: string) => [`# HELP ${name} ${text}`, `# TYPE ${name} counter`];
    const name = (suffix: string) => `apiserver_audit_${suffix}_total`;
    return [
      ...help(
        name("error"),
        "[ALPHA] Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.",
      ),
      ...[...this.#errors].map(([plugin, count]) => `${name("error")}{plugin="${plugin}"} ${count}`),
      ...help(name("event"), "[ALPHA] Counter of audit events generated and sent to the audit backend."),
      `${name("event")} ${this.#events}`,
      ...help(name("level"), "[ALPHA] Counter of policy levels for audit events (1 per request)."),
      ...[...this.#levels].map(([level, count]) => `${name("level")}{level="${level}"} ${count}`),
      ...help(
        name("requests_rejected"),
        "[ALPHA] Counter of apiserver requests rejected due to an error in audit logging backend.",
      ),
      `${name("requests_rejected")} ${this.#rejected}`,
    ];
  }
}
