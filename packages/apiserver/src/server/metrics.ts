/** `/metrics`, in Prometheus' text format: requests by verb and code, watchers, what is stored. Names are upstream's. */

import { pushAll } from "@kubets/apimachinery";
import { type Answer, text } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { Call } from "./context.ts";
import type { ResourceTable } from "./resource-table.ts";

export class Metrics {
  readonly #resources: ResourceTable;
  readonly #more: () => readonly string[];
  /** `apiserver_request_total` by its labels as text. */
  readonly #requests = new Map<string, number>();

  /** @param more lines of others, in the same format */
  constructor(resources: ResourceTable, more: () => readonly string[]) {
    this.#resources = resources;
    this.#more = more;
  }

  countRequest(info: RequestInfo | undefined, code: number): void {
    const { verb = "", apiGroup = "", apiVersion = "", resource = "", subresource = "", namespace = "" } = info ?? {};
    // Names of resources that are not served would let anyone grow this map.
    const known = resource !== "" && this.#resources.get(apiGroup, apiVersion, resource) !== undefined;
    const scope = namespace === "" ? "cluster" : "namespace";
    const labels = known
      ? { code, group: apiGroup, resource, scope, subresource, verb: verb.toUpperCase(), version: apiVersion }
      : { code, group: "", resource: "", scope: "", subresource: "", verb: "OTHER", version: "" };
    const key = formatLabels(labels);
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  handle({ info }: Call): Answer | undefined {
    if (info.path !== "/metrics") return undefined;
    const lines = [
      "# HELP apiserver_request_total Counter of apiserver requests broken out for each verb, group, version, resource, scope, and HTTP response code.",
      "# TYPE apiserver_request_total counter",
      ...[...this.#requests].map(([labels, count]) => `apiserver_request_total${labels} ${count}`),
      "# HELP apiserver_longrunning_requests Gauge of all active long-running watches broken out by group, version and resource.",
      "# TYPE apiserver_longrunning_requests gauge",
    ];
    for (const { definition, hub } of this.#resources.all()) {
      if (hub.watchers === 0) continue;
      const { group, version, plural: resource } = definition;
      lines.push(
        `apiserver_longrunning_requests${formatLabels({ group, resource, verb: "WATCH", version })} ${hub.watchers}`,
      );
    }
    pushAll(lines, [
      ...this.#more(),
      "# HELP process_resident_memory_bytes Resident memory size in bytes.",
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ]);
    return text(200, `${lines.join("\n")}\n`, "text/plain; version=0.0.4; charset=utf-8");
  }
}

function formatLabels(labels: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`);
  return `{${parts.join(",")}}`;
}
