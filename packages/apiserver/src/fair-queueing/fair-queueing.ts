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
import type { ResourceTable } from "../server/resource-table.ts";
import { mandatoryLevels, mandatorySchemas } from "./bootstrap-objects.ts";
import { inOrder, matches, rulesForUser, type UserRules } from "./classify.ts";
import { adjustedLimits, type Limits, limitsOf } from "./concurrency.ts";
import { dealHand, hashFlow } from "./dealer.ts";
import { FlowCounters } from "./flow-counters.ts";
import { type Flow, Level } from "./level.ts";
import type { Ticket } from "./ticket.ts";
import { WorkEstimator } from "./work-estimate.ts";

export interface FairQueueingOptions {
  readonly clock: Clock;
  /** The server's seats: `--max-requests-inflight` and `--max-mutating-requests-inflight` together. */
  readonly totalSeats: number;
  /** `--request-timeout`: a quarter of it is the longest wait. Default a minute. */
  readonly requestTimeoutMs?: number;
  readonly resources: () => ResourceTable;
}

/** A level as it is configured. */
export interface ConfiguredLevel {
  readonly level: Level;
  readonly limits: Limits;
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
const maxKnownUsers = 2000;
const maxFlowsPerUser = 1000;

export class FairQueueing implements RequestLimiter {
  readonly #options: FairQueueingOptions;
  readonly #clock: Clock;
  readonly #estimator: WorkEstimator;
  readonly #schemas = new Map<string, FlowSchema>();
  readonly #levelObjects = new Map<string, PriorityLevelConfiguration>();
  #levels = new Map<string, ConfiguredLevel>();
  /** Of levels that are gone, until what they run has ended. */
  #quiescing = new Set<Level>();
  #routes: Route[] = [];
  /** By schema and level: they outlive changes of configuration. */
  readonly #counters = new Map<string, FlowCounters>();
  readonly #users = new Map<string, KnownUser>();
  #isStale = true;
  #adjustment: Timer | undefined;
  #fairFraction = 0;
  #stopped = false;

  constructor(options: FairQueueingOptions) {
    this.#options = options;
    this.#clock = options.clock;
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
    const { level, limits } = route.configured;
    const work = level.exempt ? exemptWork : this.#estimator.estimate(info, request.query, limits.nominal);
    // Whoever is in this process waits, and is not sent away: it has no one who would come back for it.
    const comer = { request, info, userName: user.name, patient: request.user !== undefined };
    try {
      const ticket = level.enter(flow, work, comer);
      if (!(ticket instanceof Promise)) return describe(ticket, route);
      return ticket.then(
        (called) => describe(called, route),
        (error: unknown) => {
          throw refusedWith(error, route.headers);
        },
      );
    } catch (error) {
      throw refusedWith(error, route.headers);
    }
  }

  /** The configured levels by name, and those that are going, for whoever wants to look. */
  get levels(): ReadonlyMap<string, ConfiguredLevel> {
    if (this.#isStale) this.#digest();
    return this.#levels;
  }

  get quiescing(): ReadonlySet<Level> {
    for (const level of this.#quiescing) if (level.idle) this.#quiescing.delete(level);
    return this.#quiescing;
  }

  /** By `schema/level`. */
  get counters(): ReadonlyMap<string, FlowCounters> {
    return this.#counters;
  }

  get fairFraction(): number {
    return this.#fairFraction;
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
    const limits = limitsOf([...objects.values()], this.#options.totalSeats);
    const levels = new Map<string, ConfiguredLevel>();
    let i = 0;
    for (const [name, object] of objects) {
      const level = this.#levels.get(name)?.level ?? this.#newLevel(name);
      const { spec } = object;
      level.configure(spec?.type === "Exempt", limits[i]!.nominal, queuingOf(object));
      levels.set(name, { level, limits: limits[i++]! });
    }
    for (const [name, { level }] of this.#levels) if (!levels.has(name) && !level.idle) this.#quiescing.add(level);
    this.#levels = levels;
    this.#routes = [];
    for (const schema of inOrder(withMissing(this.#schemas, mandatorySchemas).values())) {
      const level = schema.spec?.priorityLevelConfiguration.name ?? "";
      const configured = levels.get(level);
      // Dangling: its status says so.
      if (configured !== undefined) this.#routes.push(this.#route(schema, configured, objects.get(level)!));
    }
  }

  #newLevel(name: string): Level {
    const { requestTimeoutMs = 60_000 } = this.#options;
    const onPressure = () => this.#expectAdjustment();
    return new Level({ name, clock: this.#clock, waitLimitMs: requestTimeoutMs / 4, onPressure });
  }

  #route(schema: FlowSchema, configured: ConfiguredLevel, level: PriorityLevelConfiguration): Route {
    const name = nameOf(schema);
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

  /** Seats are lent only where someone needs them: without that no timer runs. */
  #expectAdjustment(): void {
    if (this.#adjustment !== undefined || this.#stopped) return;
    for (const { level } of this.#levels.values()) {
      level.sync();
      level.demand.begin();
    }
    this.#adjustment = this.#clock.setTimeout(() => this.#adjust(), adjustmentMs, { unref: true });
  }

  #adjust(): void {
    this.#adjustment = undefined;
    const levels = [...this.#levels.values()];
    const total = levels.reduce((sum, { limits }) => sum + limits.nominal, 0);
    const borrowers = levels.map(({ level, limits }) => {
      level.sync();
      level.demand.endPeriod();
      const { highWatermark, smoothed } = level.demand;
      return { ...limits, exempt: level.exempt, highWatermark, smoothed };
    });
    const isCalm = borrowers.every(({ exempt, highWatermark, nominal }) => exempt || highWatermark * 2 <= nominal);
    if (isCalm) {
      for (const { level, limits } of levels) level.setLimit(limits.nominal);
      return;
    }
    const { limits, factor } = adjustedLimits(borrowers, total);
    this.#fairFraction = factor;
    this.#adjustment = this.#clock.setTimeout(() => this.#adjust(), adjustmentMs, { unref: true });
    for (const [i, { level }] of levels.entries()) level.setLimit(limits[i]!);
  }
}

const exemptWork = { seats: 1, finalSeats: 0, lingerMs: 0 };

function describe(ticket: Ticket, { headers }: Route): Ticket {
  ticket.headers = headers;
  // A wide list is not over when its objects are found: its bytes take the time.
  ticket.untilSent = ticket.work.seats > 1 && ticket.info.verb === "list";
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
