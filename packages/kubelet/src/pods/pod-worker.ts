/**
 * One pod's life on this node: sync until it ends or is asked to, then terminating, then terminated. Steps never overlap;
 * whatever happens meanwhile (an API change, a runtime event, a probe, a timer) only makes the worker look once more.
 */

import type { Pod } from "@kubets/api";
import type { Clock, Logger, Timer } from "@kubets/apimachinery";
import { formatPod } from "./pod-ref.ts";

export type PodPhaseOfWork = "sync" | "terminating" | "terminated" | "finished";

export interface StepResult {
  /** The pod has ended by itself (or must): go on to terminating. */
  readonly ended?: boolean;
  /** Something was changed: look again at once. */
  readonly again?: boolean;
  /** Look again after so long, if nothing happens before. */
  readonly wakeAfterMs?: number | undefined;
}

export interface PodSteps {
  sync(worker: PodWorker, signal: AbortSignal): Promise<StepResult>;
  /** Stops everything of the pod. Throws when something may still run. */
  terminating(worker: PodWorker, signal: AbortSignal): Promise<void>;
  /** Takes down what is left. */
  terminated(worker: PodWorker, signal: AbortSignal): Promise<void>;
  /** Something of the pod runs although it has ended: a sandbox that was being made when it did. */
  stillRuns(worker: PodWorker): Promise<boolean>;
  /** The pod has ended, and its source no longer has it. */
  forget(worker: PodWorker, signal: AbortSignal): Promise<void>;
}

const firstRetryMs = 1000;
const maxRetryMs = 10_000;

export interface PodWorkerOptions {
  readonly steps: PodSteps;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The kubelet's own: work stops, pods do not. */
  readonly signal: AbortSignal;
  onForgotten(worker: PodWorker): void;
}

export class PodWorker {
  readonly #options: PodWorkerOptions;
  #pod: Pod;
  #phase: PodPhaseOfWork = "sync";
  #terminate = false;
  #gone = false;
  /** Seconds for the containers to end; undefined as the pod says. */
  #graceOverride: number | undefined;
  /** Why the kubelet itself ends the pod. */
  #verdict: { readonly reason: string; readonly message: string } | undefined;
  #stale = true;
  #dirty = false;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #step: AbortController | undefined;
  #failures = 0;

  constructor(options: PodWorkerOptions, pod: Pod) {
    this.#options = options;
    this.#pod = pod;
  }

  get pod(): Pod {
    return this.#pod;
  }

  get phase(): PodPhaseOfWork {
    return this.#phase;
  }

  get verdict(): { readonly reason: string; readonly message: string } | undefined {
    return this.#verdict;
  }

  /** Seconds that containers get to end; at least one. */
  get graceSeconds(): number {
    const asked = this.#graceOverride ?? this.#pod.metadata?.deletionGracePeriodSeconds;
    return Math.max(1, Number(asked ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30));
  }

  get isTerminating(): boolean {
    return this.#terminate;
  }

  /** True once after the runtime has said that something of the pod changed. */
  takeStale(): boolean {
    const stale = this.#stale;
    this.#stale = false;
    return stale;
  }

  update(pod: Pod): void {
    const grace = this.graceSeconds;
    this.#pod = pod;
    if (pod.metadata?.deletionTimestamp !== undefined) this.terminate();
    // A shorter grace period, as by a second and more urgent deletion, takes the place of the one that is running.
    if (this.#phase === "terminating" && this.graceSeconds < grace)
      this.#step?.abort(new Error("shorter grace period"));
    this.wake();
  }

  /** The source no longer has the pod: end it, then forget it. */
  remove(last?: Pod): void {
    if (last !== undefined) this.#pod = last;
    this.#gone = true;
    this.terminate();
    this.wake();
  }

  /** Ends the pod for the kubelet's own reasons. */
  end(verdict: { readonly reason: string; readonly message: string }, graceSeconds?: number): void {
    this.#verdict ??= verdict;
    if (graceSeconds !== undefined) this.#graceOverride = graceSeconds;
    this.terminate();
    this.wake();
  }

  terminate(): void {
    if (this.#terminate) return;
    this.#terminate = true;
    if (this.#phase === "sync") this.#step?.abort(new Error("pod is terminating"));
  }

  runtimeChanged(): void {
    this.#stale = true;
    this.wake();
  }

  wake(): void {
    this.#dirty = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#options.signal.aborted) return;
    this.#running ??= this.#run();
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    // Everything said in this turn is one reason to look.
    await Promise.resolve();
    while (this.#dirty && !signal.aborted) {
      this.#dirty = false;
      try {
        const { again, wakeAfterMs } = await this.#advance();
        this.#failures = 0;
        if (again) this.#dirty = true;
        else if (wakeAfterMs !== undefined) this.#wakeAfter(wakeAfterMs);
      } catch (error) {
        if (signal.aborted) break;
        this.#failed(error);
      }
    }
    // In the same turn as the last look at #dirty: a wake after this starts anew.
    this.#running = undefined;
  }

  async #advance(): Promise<StepResult> {
    const { steps, signal } = this.#options;
    this.#step = new AbortController();
    const stepSignal = AbortSignal.any([signal, this.#step.signal]);
    switch (this.#phase) {
      case "sync": {
        if (this.#terminate) return this.#enter("terminating");
        const result = await steps.sync(this, stepSignal);
        return result.ended ? this.#enter("terminating") : result;
      }
      case "terminating":
        this.#terminate = true;
        await steps.terminating(this, stepSignal);
        return this.#enter("terminated");
      case "terminated":
        await steps.terminated(this, stepSignal);
        return this.#enter("finished");
      case "finished":
        if (this.#stale && (await steps.stillRuns(this))) return this.#enter("terminating");
        if (!this.#gone) return {};
        await steps.forget(this, stepSignal);
        this.#options.onForgotten(this);
        return {};
    }
  }

  #enter(phase: PodPhaseOfWork): StepResult {
    this.#phase = phase;
    return { again: true };
  }

  #failed(error: unknown): void {
    this.#stale = true;
    if (this.#step?.signal.aborted) {
      // It was told to stop: something more important waits.
      this.#dirty = true;
      return;
    }
    this.#failures++;
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs);
    this.#options.logger.warn("pod step failed, will try again", {
      pod: formatPod(this.#pod),
      step: this.#phase,
      err: error,
    });
    if (!this.#dirty) this.#wakeAfter(delayMs);
  }

  #wakeAfter(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimeout(() => this.wake(), ms);
  }
}
