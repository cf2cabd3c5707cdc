/** API priority and fairness: classifies requests, and gives each its seat at its level. Source: KEP-1040, apiserver's util/flowcontrol. */

import {
  type FlowSchema,
  flowSchemas,
  type PriorityLevelConfiguration,
  priorityLevelConfigurations,
} from "@kubets/api";
import type { Clock, KubeObject, Timer } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { ChangeHandler, ObjectReader } from "../reader/object-reader.ts";
import type { ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { isLongRunning, type Place, type RequestLimiter, refusedWith } from "../server/in-flight.ts";
import { defaultRequestTimeoutMs, timeoutOf } from "../server/request-deadlines.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import { mandatoryLevels, mandatorySchemas } from "./bootstrap-objects.ts";
import { inOrder, matches, rulesForUser, type UserRules } from "./classify.ts";
import { adjustedLimits, type Limits, limitsOf } from "./concurrency.ts";
import { dealHand, hashFlow } from "./dealer.ts";
import type { Comer, Flow } from "./flow.ts";
import { FlowCounters } from "./flow-counters.ts";
import { Level } from "./level.ts";
import { Pace } from "./pace.ts";
import type { Ticket } from "./ticket.ts";
import { RequestGauges } from "./utilization.ts";
import { beginsWithObjects, type WidestWork, WorkEstimator, widestWork } from "./work-estimate.ts";

export interface FairQueueingOptions {
  readonly clock: Clock;
  /** The server's seats: `--max-requests-inflight` and `--max-mutating-requests-inflight` together. */
  readonly totalSeats: number;
  /** `--request-timeout`: a quarter of it is the longest wait. Default a minute. */
  readonly requestTimeoutMs?: number;
  readonly resources: () => ResourceTable;
}

/** A level as it is configured. */
export interface ConfiguredLevel extends WidestWork {
  readonly level: Level;
  readonly limits: Limits;
  readonly object: PriorityLevelConfiguration;
}

/** A schema and its level, as requests meet them. */
interface Route {
  readonly schema: FlowSchema;
  readonly name: string;
  readonly configured: ConfiguredLevel;
  readonly headers: Readonly<Record<string, string>>;
  readonly counters: FlowCounters;
}

/** A route whose subjects a user is among. */
interface Candidate {
  readonly route: Route;
  readonly rules: UserRules;
  /** By distinguisher. */
  readonly flows: Map<string, Flow>;
}

interface KnownUser {
  readonly groups: readonly string[];
  readonly candidates: readonly Candidate[];
}

const adjustmentMs = 10_000;
/** Demand that is as good as none, and what part of all seats the exempt may use before others are asked to notice. */
const calmSeats = 0.05;
const calmExempt = 0.05;
const longestWaitMs = 60_000;
const maxKnownUsers = 2000;
const maxFlowsPerUser = 1000;

export class FairQueueing implements RequestLimiter {
  readonly #options: FairQueueingOptions;
  readonly #clock: Clock;
  readonly #estimator: WorkEstimator;
  readonly gauges = new RequestGauges();
  readonly #pace: Pace;
  readonly #schemas = new Map<string, FlowSchema>();
  readonly #levelObjects = new Map<string, PriorityLevelConfiguration>();
  #levels = new Map<string, ConfiguredLevel>();
  #routes: Route[] = [];
  /** By schema and level: they outlive changes of configuration. */
  readonly #counters = new Map<string, FlowCounters>();
  readonly #users = new Map<string, KnownUser>();
  #isStale = true;
  #adjustment: Timer | undefined;
  #fairFraction = 0;
  #targets = new Map<string, number>();
  #stopped = false;

  constructor(options: FairQueueingOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#pace = new Pace(options.clock);
    this.#estimator = new WorkEstimator(options.resources, () => options.clock.monotonic());
  }

  /** Reads the configuration there is, and follows its changes until `signal` aborts. */
  async follow(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#stop(), { once: true });
    await Promise.all([
      reader.subscribe(flowSchemas, this.#handler(this.#schemas), signal),
      reader.subscribe(priorityLevelConfigurations, this.#handler(this.#levelObjects), signal),
    ]);
  }

  #stop(): void {
    this.#stopped = true;
    this.#adjustment?.cancel();
    this.#adjustment = undefined;
  }

  #handler<T extends KubeObject>(objects: Map<string, T>): ChangeHandler<T> {
    return {
      put: (object) => {
        objects.set(nameOf(object), object);
        this.#isStale = true;
      },
      remove: (object) => {
        objects.delete(nameOf(object));
        this.#isStale = true;
      },
    };
  }

  enter(request: ServerRequest, info: RequestInfo, user: UserInfo): Place | Promise<Place> | undefined {
    if (info.verb !== "watch" && isLongRunning(info)) return undefined;
    if (this.#isStale) this.#digest();
    const { candidate, flow } = this.#flowOf(user, info);
    const { route } = candidate;
    const { level } = route.configured;
    const work = this.#estimator.estimate(info, request.query, route.configured, route.counters);
    // Whoever is in this process waits, and is not sent away: it has no one who would come back for it.
    const comer = { request, info, userName: user.name, patient: request.user !== undefined };
    try {
      const ticket = level.enter(flow, work, comer);
      if (!(ticket instanceof Promise)) return describe(ticket, route, request);
      return ticket.then(
        (called) => describe(called, route, request),
        (error: unknown) => {
          throw refusedWith(error, route.headers);
        },
      );
    } catch (error) {
      throw refusedWith(error, route.headers);
    }
  }

  /** The levels by name, those that are going among them, for whoever wants to look. */
  get levels(): ReadonlyMap<string, ConfiguredLevel> {
    if (this.#isStale) this.#digest();
    return this.#levels;
  }

  /** By `schema/level`. */
  get counters(): ReadonlyMap<string, FlowCounters> {
    return this.#counters;
  }

  get fairFraction(): number {
    return this.#fairFraction;
  }

  /** By level: what it was to have, in proportion to the others, at the last adjustment. */
  get targets(): ReadonlyMap<string, number> {
    return this.#targets;
  }

  /** The schema and level that a request would have; for tests. */
  classify(
    user: UserInfo,
    info: RequestInfo,
  ): { readonly schema: string; readonly level: string; readonly distinguisher: string } {
    if (this.#isStale) this.#digest();
    const { candidate, flow } = this.#flowOf(user, info);
    const { name, configured } = candidate.route;
    return { schema: name, level: configured.level.name, distinguisher: flow.distinguisher };
  }

  #flowOf(user: UserInfo, info: RequestInfo): { candidate: Candidate; flow: Flow } {
    const candidates = this.#candidatesOf(user);
    for (const candidate of candidates) {
      if (matches(candidate.rules, info)) return { candidate, flow: flowIn(candidate, user, info) };
    }
    // A user in neither of the two groups that everybody is in.
    const candidate = candidates.at(-1)!;
    return { candidate, flow: flowIn(candidate, user, info) };
  }

  #candidatesOf(user: UserInfo): readonly Candidate[] {
    const known = this.#users.get(user.name);
    if (known !== undefined && sameGroups(known.groups, user.groups)) return known.candidates;
    if (this.#users.size >= maxKnownUsers) this.#users.clear();
    const candidates: Candidate[] = [];
    for (const route of this.#routes) {
      const rules = rulesForUser(route.schema, user);
      if (rules !== undefined) candidates.push({ route, rules, flows: new Map() });
    }
    const last = this.#routes.find(({ name }) => name === "catch-all")!;
    const rules: UserRules = { allPaths: true, allResources: true, pathRules: [], resourceRules: [] };
    candidates.push({ route: last, rules, flows: new Map() });
    this.#users.set(user.name, { groups: user.groups, candidates });
    return candidates;
  }

  /** Makes levels and routes of what the objects say; what is mandatory is there whether or not it is stored. */
  #digest(): void {
    this.#isStale = false;
    this.#users.clear();
    const objects = withMissing(this.#levelObjects, mandatoryLevels);
    const configured = new Set(objects.keys());
    // Levels that are gone have their part of the seats until what they run has ended.
    for (const [name, { level, object }] of this.#levels) {
      if (!configured.has(name) && !level.idle) objects.set(name, object);
    }
    const limits = limitsOf([...objects.values()], this.#options.totalSeats);
    const levels = new Map<string, ConfiguredLevel>();
    for (const [i, [name, object]] of [...objects].entries()) {
      const level = this.#levels.get(name)?.level ?? this.#newLevel(name, limits[i]!);
      const queuing = queuingOf(object);
      level.configure(object.spec?.type === "Exempt", queuing);
      level.quiescing = !configured.has(name);
      level.ownSeats = level.exempt ? limits[i]!.lower + calmExempt * this.#options.totalSeats : limits[i]!.lower;
      levels.set(name, { level, object, limits: limits[i]!, ...widestWork(limits[i]!.nominal, queuing) });
    }
    this.#levels = levels;
    this.#routes = [];
    for (const schema of inOrder(withMissing(this.#schemas, mandatorySchemas).values())) {
      const name = schema.spec?.priorityLevelConfiguration.name ?? "";
      // Dangling otherwise: its status says so.
      if (configured.has(name)) this.#routes.push(this.#route(schema, levels.get(name)!));
    }
    this.#forgetCounters();
    this.#measureGauges();
    this.#share();
  }

  #newLevel(name: string, { nominal, lower }: Limits): Level {
    const level = new Level({
      name,
      clock: this.#clock,
      gauges: this.gauges,
      pace: this.#pace,
      waitLimitMs: (comer) => this.#waitLimitOf(comer),
      onPressure: () => this.#expectAdjustment(),
      onDrained: () => {
        this.#isStale = true;
      },
    });
    level.limit = nominal - Math.trunc((nominal - lower) / 2);
    return level;
  }

  /** A quarter of the time the request has, and at most a minute. Watches have the server's time for it. */
  #waitLimitOf({ request, info }: Comer): number {
    const { requestTimeoutMs = defaultRequestTimeoutMs } = this.#options;
    const asked = info.verb === "watch" ? undefined : timeoutOf(request.query);
    return Math.min(Math.min(requestTimeoutMs, asked || requestTimeoutMs) / 4, longestWaitMs);
  }

  /** Of schemas that are gone; what still runs on their account keeps them. */
  #forgetCounters(): void {
    const used = new Set(this.#routes.map(({ counters }) => counters));
    for (const [key, counters] of this.#counters) {
      if (!used.has(counters) && counters.executing === 0 && counters.waiting === 0) this.#counters.delete(key);
    }
  }

  #measureGauges(): void {
    let [executing, waiting] = [0, 0];
    for (const { limits, level } of this.#levels.values()) {
      executing += limits.nominal;
      waiting += level.queuing === undefined ? 0 : level.queuing.queues * level.queuing.queueLengthLimit;
    }
    for (const kind of [this.gauges.readOnly, this.gauges.mutating]) {
      kind.executing.capacity = Math.max(1, executing);
      kind.waiting.capacity = Math.max(1, waiting);
    }
  }

  #route(schema: FlowSchema, configured: ConfiguredLevel): Route {
    const name = nameOf(schema);
    const level = configured.object;
    const key = `${name}/${nameOf(level)}`;
    let counters = this.#counters.get(key);
    if (counters === undefined) {
      counters = new FlowCounters();
      this.#counters.set(key, counters);
    }
    const headers = {
      "x-kubernetes-pf-flowschema-uid": schema.metadata?.uid ?? "",
      "x-kubernetes-pf-prioritylevel-uid": level.metadata?.uid ?? "",
    };
    return { schema, name, configured, headers, counters };
  }

  /** Seats move only where someone needs more than its own: without that no timer runs. */
  #expectAdjustment(): void {
    if (this.#adjustment !== undefined || this.#stopped) return;
    for (const { level } of this.#levels.values()) {
      level.sync();
      level.demand.endPeriod();
    }
    this.#adjustment = this.#clock.setTimeout(() => this.#adjust(), adjustmentMs, { unref: true });
  }

  #adjust(): void {
    this.#adjustment = undefined;
    if (this.#isStale) this.#digest();
    else this.#share();
    const isCalm = [...this.#levels.values()].every(({ level }) => {
      const { highWatermark, smoothed } = level.demand;
      const most = Math.max(level.ownSeats, calmSeats);
      return highWatermark <= most && (level.exempt || smoothed <= most);
    });
    if (isCalm || this.#stopped) return;
    this.#adjustment ??= this.#clock.setTimeout(() => this.#adjust(), adjustmentMs, { unref: true });
  }

  /** What was wanted lately decides what each level may run from now on. */
  #share(): void {
    const levels = [...this.#levels.values()];
    const total = levels.reduce((sum, { limits }) => sum + limits.nominal, 0);
    const borrowers = levels.map(({ level, limits }) => {
      level.sync();
      level.demand.endPeriod();
      const { highWatermark, smoothed } = level.demand;
      return { ...limits, exempt: level.exempt, highWatermark, smoothed, current: level.limit };
    });
    const { limits, targets, factor } = adjustedLimits(borrowers, total);
    this.#fairFraction = factor;
    this.#targets = new Map(levels.map(({ level }, i) => [level.name, targets[i]!]));
    const atLeast = Math.max(1, Math.round(this.#options.totalSeats / 10));
    for (const [i, { level }] of levels.entries()) level.setLimit(limits[i]!, limits[i]! || atLeast);
  }
}

function describe(ticket: Ticket, { headers, configured }: Route, { query }: ServerRequest): Ticket {
  ticket.headers = headers;
  const { verb } = ticket.info;
  if (verb !== "list" && verb !== "watch") return ticket;
  // A wide list is not over when its objects are found: its bytes take the time. Nor is a watch that begins with what there is.
  const isWide = verb === "list" ? ticket.work.seats > 1 : beginsWithObjects(query);
  ticket.untilSent = isWide && !configured.level.exempt;
  return ticket;
}

function flowIn({ route, flows }: Candidate, user: UserInfo, info: RequestInfo): Flow {
  const { schema, name, configured, counters } = route;
  const method = schema.spec?.distinguisherMethod?.type;
  const distinguisher = method === "ByUser" ? user.name : method === "ByNamespace" ? info.namespace : "";
  let flow = flows.get(distinguisher);
  if (flow === undefined) {
    const queuing = configured.level.queuing;
    const hash = () => hashFlow(name, distinguisher);
    const hand = queuing === undefined ? undefined : dealHand(hash(), queuing.queues, queuing.handSize);
    flow = { schema: name, distinguisher, counters, hand };
    if (flows.size >= maxFlowsPerUser) flows.clear();
    flows.set(distinguisher, flow);
  }
  return flow;
}

function queuingOf({ spec }: PriorityLevelConfiguration) {
  const response = spec?.limited?.limitResponse;
  if (spec?.type === "Exempt" || response?.type !== "Queue") return undefined;
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = response.queuing ?? {};
  return { queues, handSize, queueLengthLimit };
}

function withMissing<T extends KubeObject>(stored: ReadonlyMap<string, T>, mandatory: readonly T[]): Map<string, T> {
  const all = new Map(stored);
  for (const object of mandatory) if (!all.has(nameOf(object))) all.set(nameOf(object), object);
  return all;
}

function sameGroups(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((group, i) => group === b[i]));
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? "";
}
