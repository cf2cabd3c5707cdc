/** One probe of one container: when to look, and what the looks add up to. Source of the rules: pkg/kubelet/prober/worker.go. */

import type { Container, Pod, Probe } from "@kubets/api";
import type { Clock, Logger, Timer } from "@kubets/apimachinery";
import type { PodEvents } from "../pods/pod-events.ts";
import type { RuntimeContainer } from "../runtime/pod-status.ts";
import type { ProbeAnswer, Prober } from "./prober.ts";

export type ProbeType = "liveness" | "readiness" | "startup";
export type Verdict = "success" | "failure" | "unknown";

const initialVerdict: Record<ProbeType, Verdict> = { liveness: "success", readiness: "failure", startup: "unknown" };
const titles: Record<ProbeType, string> = { liveness: "Liveness", readiness: "Readiness", startup: "Startup" };
const maxTries = 3;

export interface ProbeWorkerOptions {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  /** The startup probe has passed, or there is none. */
  isStarted(): boolean;
  onVerdict(verdict: Verdict): void;
}

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  #pod: Pod;
  #container: Container;
  #podIP = "";
  #current: RuntimeContainer | undefined;
  #verdict: Verdict;
  #lastResult: "success" | "failure" | undefined;
  #runs = 0;
  /** The verdict stands and there is nothing more to ask of this container. */
  #onHold = false;
  #looking = false;
  #timer: Timer | undefined;
  #abort = new AbortController();

  constructor(options: ProbeWorkerOptions, pod: Pod, container: Container) {
    this.#options = options;
    this.#pod = pod;
    this.#container = container;
    this.#verdict = initialVerdict[options.type];
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  get containerId(): string {
    return this.#current?.id ?? "";
  }

  /**
   * Takes notice of the container as it is now. A new one starts from the beginning.
   * @param known the verdict that an earlier kubelet had come to about this very container
   */
  observe(pod: Pod, container: Container, current: RuntimeContainer | undefined, podIP: string, known?: Verdict): void {
    this.#pod = pod;
    this.#container = container;
    this.#podIP = podIP;
    if (current?.id !== this.#current?.id) this.#reset(known);
    this.#current = current;
    if (current?.state !== "running") this.#rest();
    else if (this.#timer === undefined && !this.#onHold && !this.#looking) this.#schedule(this.#untilFirst(current));
  }

  /** Looks at once, if it may: something it waited for has happened. */
  nudge(): void {
    if (this.#timer === undefined || this.#current?.state !== "running") return;
    this.#schedule(this.#untilFirst(this.#current));
  }

  stop(): void {
    this.#rest();
    this.#onHold = true;
  }

  #reset(known: Verdict | undefined): void {
    this.#rest();
    this.#verdict = known ?? initialVerdict[this.#options.type];
    this.#lastResult = undefined;
    this.#runs = 0;
    this.#onHold = false;
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#looking = false;
  }

  #untilFirst(current: RuntimeContainer): number {
    const delayMs = (this.#options.probe.initialDelaySeconds ?? 0) * 1000;
    return Math.max(0, current.startedAt + delayMs - this.#options.clock.now());
  }

  #schedule(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, ms);
  }

  async #look(): Promise<void> {
    const { type, probe, clock, logger } = this.#options;
    const began = clock.monotonic();
    const { signal } = this.#abort;
    this.#looking = true;
    try {
      if (this.#isDue()) {
        const answer = await this.#ask(signal);
        if (!signal.aborted) this.#count(answer);
      }
    } catch (error) {
      if (!signal.aborted) logger.debug("probe not made", { probe: type, container: this.#container.name, err: error });
    }
    // Another container, or none, has taken this one's place meanwhile.
    if (signal.aborted) return;
    this.#looking = false;
    if (this.#onHold) return;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    this.#schedule(Math.max(0, periodMs - (clock.monotonic() - began)));
  }

  #isDue(): boolean {
    const { type, isStarted } = this.#options;
    return type === "startup" ? this.#verdict !== "success" : isStarted();
  }

  async #ask(signal: AbortSignal): Promise<ProbeAnswer> {
    const { prober, probe, type, events } = this.#options;
    const name = this.#container.name;
    const target = { pod: this.#pod, container: this.#container, containerId: this.containerId, podIP: this.#podIP };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await prober(target, probe, signal);
        if (!signal.aborted) this.#report(answer);
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (attempt < maxTries) continue;
        const message = `${titles[type]} probe errored and resulted in unknown state: ${(error as Error).message}`;
        events.container(this.#pod, name, "Warning", "Unhealthy", message);
        throw error;
      }
    }
  }

  #report({ result, output }: ProbeAnswer): void {
    const { type, events } = this.#options;
    const name = this.#container.name;
    if (result === "failure") {
      events.container(this.#pod, name, "Warning", "Unhealthy", `${titles[type]} probe failed: ${output}`);
    } else if (result === "warning") {
      events.container(this.#pod, name, "Warning", "ProbeWarning", `${titles[type]} probe warning: ${output}`);
    }
  }

  /** Adds a look to those before it; a run as long as the threshold makes the verdict. */
  #count(answer: ProbeAnswer): void {
    const { type, probe, onVerdict } = this.#options;
    const result = answer.result === "failure" ? "failure" : "success";
    this.#runs = this.#lastResult === result ? this.#runs + 1 : 1;
    this.#lastResult = result;
    const threshold = result === "failure" ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1);
    if (this.#runs < threshold) return;
    const before = this.#verdict;
    this.#verdict = result;
    if (result === "failure" && type !== "readiness") this.#onHold = true;
    if (type === "startup" && result === "success") this.#onHold = true;
    if (before !== result) onVerdict(result);
  }
}
