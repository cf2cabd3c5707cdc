/**
 * What was asked and how it went: apiserver_request_*, apiserver_response_sizes, apiserver_longrunning_requests and their kin.
 * Source of names, labels and buckets: apiserver's endpoints/metrics. The series of a kind of request are looked up once and kept.
 */

import type { Clock } from "@kubets/apimachinery";
import type { Answer, ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { Processed } from "../server/chain.ts";
import { deprecationOf } from "../server/deprecations.ts";
import type { ByteSink } from "../server/render.ts";
import type { ResourceTable, ServedResource } from "../server/resource-table.ts";
import type { Delivery } from "../watch/event.ts";
import type { WatchRequest } from "../watch/watch-request.ts";
import type { Histogram, MetricsRegistry, Series } from "./families.ts";
import { type RequestFamilies, requestFamilies } from "./request-families.ts";

const component = "apiserver";

const connectSubresources: ReadonlySet<string> = new Set(["log", "exec", "portforward", "attach", "proxy"]);
/** Others are what someone made up: they must not become series. */
const knownSubresources: ReadonlySet<string> = new Set([
  ...connectSubresources,
  ...["", "status", "scale", "binding", "eviction", "token", "approval", "finalize", "ephemeralcontainers", "resize"],
]);
const knownPaths: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz", "/metrics", "/version"]);
const verbs: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  post: "POST",
  update: "PUT",
  put: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
  head: "GET",
};

/** Of one verb on one resource at one scope. */
interface RequestSeries {
  readonly labels: readonly string[];
  readonly dryRunLabels: readonly string[];
  readonly byCode: Map<number, Series>;
  readonly duration: Histogram;
  /** Undefined for a dry run. */
  readonly sli: Histogram | undefined;
  /** Of reads alone. */
  readonly size: Histogram | undefined;
}

export class RequestMetrics {
  readonly #clock: Clock;
  readonly #resources: ResourceTable;
  readonly #families: RequestFamilies;
  readonly #ofResource = new WeakMap<ServedResource["definition"], Map<string, RequestSeries>>();
  readonly #ofOther = new Map<string, RequestSeries>();
  /** How many events are being delivered to a watcher. */
  #delivering = 0;
  readonly #reading = new Watermark();
  readonly #mutating = new Watermark();

  constructor(metrics: MetricsRegistry, resources: ResourceTable, clock: Clock) {
    this.#clock = clock;
    this.#resources = resources;
    this.#families = requestFamilies(metrics);
    metrics.collect(() => {
      const { inflight } = this.#families;
      inflight.with("readOnly").value = this.#reading.read(clock.monotonic());
      inflight.with("mutating").value = this.#mutating.read(clock.monotonic());
      return [];
    });
  }

  /** A request has come; one that takes its connection over is none of those in flight. @returns when, to be given to {@link done} */
  begin({ method, upgrade }: ServerRequest): number {
    const now = this.#clock.monotonic();
    if (upgrade === undefined) this.#watermarkOf(method).enter(now);
    return now;
  }

  /**
   * A request has been answered; what goes on sending is counted by {@link following}.
   * @param delayedMs how much of it webhooks and queues took
   * @param bytes of the answer; undefined when it is not known yet
   */
  done(request: ServerRequest, info: RequestInfo | undefined, answer: Answer, start: Outcome): void {
    if (request.upgrade === undefined) this.#watermarkOf(request.method).leave();
    const series = this.#seriesOf(request, info);
    const { status, content } = answer;
    if (status === 429) this.terminated(request, info, status);
    if (content.type === "watch") return;
    this.#count(series, status);
    const seconds = (this.#clock.monotonic() - start.at) / 1000;
    series.duration.observe(seconds);
    series.sli?.observe(Math.max(0, seconds - start.delayedMs / 1000));
    if (series.size !== undefined && start.bytes !== undefined) series.size.observe(start.bytes);
  }

  /** The server ended a request to protect itself. */
  terminated(request: ServerRequest, info: RequestInfo | undefined, code: number): void {
    this.#families.terminations.with(...this.#seriesOf(request, info).labels, code).value++;
  }

  /** What is answered by a watch or a stream goes on from here: it is long-running from its start to its end. */
  measured(request: ServerRequest, processed: Processed): Processed {
    const { answer } = processed;
    const { content } = answer;
    if (content.type !== "watch") return processed;
    const watch = this.#following(request, processed, content.definition, content.watch);
    return { ...processed, answer: { ...answer, content: { ...content, watch } } };
  }

  #following(
    request: ServerRequest,
    { info, answer: { status } }: Processed,
    { group, version, plural }: ServedResource["definition"],
    watch: Pick<WatchRequest, "start">,
  ): Pick<WatchRequest, "start"> {
    const events = this.#families.watchEvents.with(group, version, plural);
    const series = this.#seriesOf(request, info);
    const longRunning = this.#families.longRunning.with(...series.labels);
    return {
      start: (sink, signal) => {
        const at = this.#clock.monotonic();
        longRunning.value++;
        const end = () => {
          longRunning.value--;
          this.#count(series, status);
          series.duration.observe((this.#clock.monotonic() - at) / 1000);
          sink.end();
        };
        const drained = sink.drained === undefined ? {} : { drained: () => sink.drained?.() };
        const deliver = (deliveries: readonly Delivery[]) => {
          events.value += deliveries.length;
          this.#delivering = deliveries.length;
          sink.deliver(deliveries);
        };
        watch.start({ deliver, ...drained, end: once(end) }, signal);
      },
    };
  }

  /** The bytes of a watch on their way out. They are made as the events are delivered: what {@link measured} counted last is what they hold. */
  writing(sink: ByteSink, { group, version, plural }: ServedResource["definition"]): ByteSink {
    const sizes = this.#families.watchSizes.with(group, version, plural);
    return {
      write: (bytes) => {
        const events = this.#delivering;
        if (events > 0) sizes.observe(bytes.length / events, events);
        sink.write(bytes);
      },
      ...(sink.drained === undefined ? {} : { drained: () => sink.drained?.() }),
      end: () => sink.end(),
    };
  }

  /** A stream that is passed on: logs, exec, proxies. @returns to be called when it has ended */
  streaming(request: ServerRequest, info: RequestInfo | undefined): () => void {
    const longRunning = this.#families.longRunning.with(...this.#seriesOf(request, info).labels);
    longRunning.value++;
    return once(() => longRunning.value--);
  }

  #count(series: RequestSeries, code: number): void {
    let counter = series.byCode.get(code);
    if (counter === undefined) {
      counter = this.#families.total.with(...series.dryRunLabels, code);
      series.byCode.set(code, counter);
    }
    counter.value++;
  }

  #watermarkOf(method: string): Watermark {
    return method === "GET" || method === "HEAD" ? this.#reading : this.#mutating;
  }

  #seriesOf(request: ServerRequest, info: RequestInfo | undefined): RequestSeries {
    const { apiGroup = "", apiVersion = "", resource = "", isResourceRequest = false } = info ?? {};
    const served = isResourceRequest ? this.#resources.get(apiGroup, apiVersion, resource) : undefined;
    let known = this.#ofOther;
    if (served !== undefined) {
      known = this.#ofResource.get(served.definition) ?? new Map();
      if (known.size === 0) this.#ofResource.set(served.definition, known);
    }
    const verb = verbOf(request, info);
    const scope = scopeOf(info);
    const dryRun = request.query.has("dryRun") ? (request.query.get("dryRun") === "All" ? "All" : "invalid") : "";
    const subresource = subresourceOf(info);
    const key = `${verb} ${scope} ${dryRun} ${subresource}`;
    let series = known.get(key);
    if (series === undefined) {
      const names = served === undefined ? ["", "", ""] : [apiGroup, apiVersion, resource];
      series = this.#make([verb, ...names, subresource, scope, component], dryRun);
      if (served !== undefined && deprecationOf(served.definition) !== undefined)
        this.#families.deprecated.with(apiGroup, apiVersion, resource, subresource, "").value = 1;
      known.set(key, series);
    }
    return series;
  }

  #make(labels: readonly string[], dryRun: string): RequestSeries {
    const [verb = "", ...rest] = labels;
    const { duration, sli, size } = this.#families;
    const withDryRun = [verb, dryRun, ...rest];
    return {
      labels,
      dryRunLabels: withDryRun,
      byCode: new Map(),
      duration: duration.with(...withDryRun),
      sli: dryRun === "" ? sli.with(...labels) : undefined,
      size: verb === "GET" || verb === "LIST" ? size.with(...labels) : undefined,
    };
  }
}

export interface Outcome {
  /** What {@link RequestMetrics.begin} gave. */
  readonly at: number;
  readonly delayedMs: number;
  readonly bytes: number | undefined;
}

function verbOf({ method, headers }: ServerRequest, info: RequestInfo | undefined): string {
  if (info === undefined) return method === "GET" ? "GET" : "OTHER";
  if (info.isResourceRequest && connectSubresources.has(info.subresource)) return "CONNECT";
  const verb = verbs[info.verb] ?? "OTHER";
  if (verb === "PATCH" && headers["content-type"] === "application/apply-patch+yaml") return "APPLY";
  return verb;
}

function scopeOf(info: RequestInfo | undefined): string {
  if (info === undefined || !info.isResourceRequest) return "";
  if (info.name !== "" || info.verb === "create") return "resource";
  return info.namespace === "" ? "cluster" : "namespace";
}

/** Of requests that are not about a resource upstream has the path there. */
function subresourceOf(info: RequestInfo | undefined): string {
  if (info === undefined) return "";
  if (!info.isResourceRequest) return knownPaths.has(info.path) ? info.path : "";
  return knownSubresources.has(info.subresource) ? info.subresource : "";
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

/** The most at once within the last second. */
class Watermark {
  #current = 0;
  #second = 0;
  #most = 0;
  #before = 0;

  enter(nowMs: number): void {
    this.#roll(nowMs);
    this.#current++;
    if (this.#current > this.#most) this.#most = this.#current;
  }

  leave(): void {
    this.#current--;
  }

  read(nowMs: number): number {
    this.#roll(nowMs);
    return Math.max(this.#before, this.#most);
  }

  #roll(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#most : this.#current;
    this.#second = second;
    this.#most = this.#current;
  }
}
