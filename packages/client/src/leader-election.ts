/**
 * Leader election on a coordination.k8s.io/v1 Lease: client-go's algorithm and defaults. Clocks of candidates are never compared:
 * a lease counts as held until `leaseDurationMs` after this candidate last saw it change.
 */

import type { Resource } from "@kubets/api";
import {
  type Clock,
  formatMicroTime,
  isNotFound,
  type KubeObject,
  type Logger,
  type Random,
  realClock,
  realRandom,
  silentLogger,
} from "@kubets/apimachinery";
import type { Client, ResourceClient } from "./client.ts";
import type { EventRecorder } from "./event-recorder.ts";

interface LeaseObject extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

const leases: Resource<LeaseObject> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** A candidate, the Lease it is after, and how long that lasts. Times are milliseconds; defaults are upstream's. */
export interface LeaderElectionOptions {
  readonly client: Client;
  /** `kube-controller-manager`, in `kube-system`. */
  readonly name: string;
  readonly namespace: string;
  /** Unique among candidates: `<host>_<uuid>`. */
  readonly identity: string;
  /** Default 15,000. */
  readonly leaseDurationMs?: number;
  /** How long the leader goes on trying to renew before it gives up. Default 10,000; less than the lease. */
  readonly renewDeadlineMs?: number;
  /** Between attempts. Default 2,000. */
  readonly retryPeriodMs?: number;
  readonly recorder?: EventRecorder;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** Called with the identity whenever another leader is seen. */
  readonly onNewLeader?: (identity: string) => void;
}

/** Attempts are spread by up to this many retry periods; client-go's JitterFactor. */
const jitterFactor = 1.2;

/** The leader could not renew in time and must stop its work. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
}

/**
 * Waits to become leader, then runs `work` with a signal that aborts when leadership is lost or `signal` aborts. Releases the lease afterwards.
 * Resolves when `work` ends by itself or after `signal` aborted; @throws LeadershipLostError when the lease could not be renewed.
 */
export async function runLeaderElected(
  options: LeaderElectionOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const elector = new LeaderElector(options);
  try {
    await elector.acquire(signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const lost = new AbortController();
  const done = new AbortController();
  const workSignal = AbortSignal.any([signal, lost.signal]);
  const renewing = elector.renew(AbortSignal.any([signal, done.signal])).catch((error: unknown) => {
    lost.abort(error);
  });
  try {
    await work(workSignal);
  } finally {
    done.abort();
    await renewing;
    if (!lost.signal.aborted) await elector.release();
  }
  if (lost.signal.aborted) throw lost.signal.reason;
}

class LeaderElector {
  readonly #options: LeaderElectionOptions;
  readonly #leases: ResourceClient<LeaseObject>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  #observed: LeaseObject | undefined;
  #observedAt = 0;
  #reportedLeader = "";

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leases = options.client.resource(leases).namespace(options.namespace);
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? realRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (this.#leaseDurationMs <= this.#renewDeadlineMs)
      throw new RangeError("leaseDuration must be greater than renewDeadline");
    if (this.#renewDeadlineMs <= jitterFactor * this.#retryPeriodMs) {
      throw new RangeError("renewDeadline must be greater than retryPeriod*JitterFactor");
    }
  }

  /** Resolves when this candidate holds the lease. */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!(await this.#attempt(signal))) {
      const wait = this.#retryPeriodMs * (1 + this.#random.next() * jitterFactor);
      await this.#clock.sleep(wait, signal);
    }
    this.#logger.info("became leader", { lease: this.#options.name, identity: this.#options.identity });
    if (this.#observed !== undefined) {
      this.#options.recorder?.event(
        this.#observed,
        "Normal",
        "LeaderElection",
        `${this.#options.identity} became leader`,
      );
    }
  }

  /** Keeps the lease until `signal` aborts; rejects with {@link LeadershipLostError} when it could not be renewed within the deadline. */
  async renew(signal: AbortSignal): Promise<void> {
    let renewedAt = this.#clock.monotonic();
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#retryPeriodMs, signal);
        if (await this.#attemptBefore(renewedAt + this.#renewDeadlineMs, signal)) renewedAt = this.#clock.monotonic();
      } catch (error) {
        if (!signal.aborted) this.#logger.warn("lease renewal failed", { err: error });
      }
      if (!signal.aborted && this.#clock.monotonic() - renewedAt >= this.#renewDeadlineMs) {
        throw new LeadershipLostError(
          `lost lease ${this.#options.namespace}/${this.#options.name}: not renewed in time`,
        );
      }
    }
  }

  /** Lets the next candidate take over at once. Best effort: a lease that is not released runs out. */
  async release(): Promise<void> {
    if (this.#observed === undefined || !this.#isLeader()) return;
    const now = formatMicroTime(this.#clock.now());
    try {
      await this.#leases.update({
        ...this.#observed,
        spec: { ...this.#observed.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now },
      });
    } catch (error) {
      this.#logger.debug("lease was not released", { err: error });
    }
  }

  /** An attempt that hangs must not outlive the deadline, in monotonic milliseconds. */
  async #attemptBefore(deadline: number, signal: AbortSignal): Promise<boolean> {
    const controller = new AbortController();
    const late = () => controller.abort(new LeadershipLostError("renew deadline"));
    const timer = this.#clock.setTimeout(late, deadline - this.#clock.monotonic());
    try {
      return await this.#attempt(AbortSignal.any([signal, controller.signal]));
    } finally {
      timer.cancel();
    }
  }

  #isLeader(): boolean {
    return this.#observed?.spec?.holderIdentity === this.#options.identity;
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#tryAcquireOrRenew(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#logger.debug("lease attempt failed, will retry", { err: error });
      return false;
    }
  }

  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const current = await this.#get(signal);
    if (current === undefined) {
      const created = await this.#leases.create(
        { metadata: { name: this.#options.name, namespace: this.#options.namespace }, spec: this.#spec(undefined) },
        { signal },
      );
      this.#observe(created);
      return true;
    }
    if (this.#observed?.metadata?.resourceVersion !== current.metadata?.resourceVersion) this.#observe(current);
    const holder = current.spec?.holderIdentity ?? "";
    const validMs = (current.spec?.leaseDurationSeconds ?? this.#leaseDurationMs / 1000) * 1000;
    const valid = this.#observedAt + validMs > this.#clock.monotonic();
    if (holder !== "" && valid && !this.#isLeader()) return false;
    this.#observe(await this.#leases.update({ ...current, spec: this.#spec(current) }, { signal }));
    return true;
  }

  async #get(signal: AbortSignal): Promise<LeaseObject | undefined> {
    try {
      return await this.#leases.get(this.#options.name, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #spec(current: LeaseObject | undefined): NonNullable<LeaseObject["spec"]> {
    const now = formatMicroTime(this.#clock.now());
    const keep = current?.spec?.holderIdentity === this.#options.identity;
    const transitions = current?.spec?.leaseTransitions ?? 0;
    return {
      ...current?.spec,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.floor(this.#leaseDurationMs / 1000),
      acquireTime: keep ? (current?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: current === undefined || keep ? transitions : transitions + 1,
    };
  }

  #observe(lease: LeaseObject): void {
    this.#observed = lease;
    this.#observedAt = this.#clock.monotonic();
    const leader = lease.spec?.holderIdentity ?? "";
    if (leader === this.#reportedLeader) return;
    this.#reportedLeader = leader;
    if (leader !== "") this.#options.onNewLeader?.(leader);
  }
}
