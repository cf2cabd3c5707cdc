/** An etcd cluster by all of its members: calls go to one of them, and to the next when that one cannot. */

import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Channel } from "./channel.ts";
import { EtcdError } from "./errors.ts";
import type { UnaryCalls, UnaryName } from "./types.ts";

export interface EtcdClientOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** For one attempt, the first time round: one member that hangs must not hold everyone up. Longer than an election takes. */
const firstAttemptMs = 3000;
/** For one attempt later on: as long as etcd itself gives a request. */
const attemptMs = 7000;
/** For all attempts of a call. Upstream gives a request a minute, and reports the store unavailable well before. */
const totalMs = 20_000;
const firstDelayMs = 20;
const mostDelayMs = 500;

export class EtcdClient {
  readonly #channels: readonly Channel[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  #current: number;
  readonly #closing = new AbortController();

  constructor({ channels, clock, random, logger }: EtcdClientOptions) {
    this.#channels = channels;
    this.#clock = clock;
    this.#logger = logger;
    // Several servers spread over the members.
    this.#current = Math.floor(random.next() * channels.length);
  }

  /** The member that is asked at present. */
  get channel(): Channel {
    return this.#channels[this.#current]!;
  }

  /** `channel` was found wanting: the next one's turn, unless others have found that already. */
  passOver(channel: Channel): void {
    if (this.channel === channel) this.#current = (this.#current + 1) % this.#channels.length;
  }

  /** For what may be done twice: another member is asked until one answers. @throws EtcdError */
  call<Name extends UnaryName>(name: Name, request: UnaryCalls[Name][0]): Promise<UnaryCalls[Name][1]> {
    return this.retry((attempt) => attempt(name, request));
  }

  /**
   * Calls `body` until it succeeds, fails for good, or time is up. Its attempts must be such that it does not matter whether an earlier one, whose
   * answer was lost, was carried out.
   */
  async retry<T>(body: (attempt: Attempt, tries: number) => Promise<T>): Promise<T> {
    const until = this.#clock.monotonic() + totalMs;
    let delayMs = firstDelayMs;
    for (let tries = 0; ; tries++) {
      const { channel } = this;
      try {
        const most = tries < this.#channels.length ? firstAttemptMs : attemptMs;
        const deadlineMs = Math.min(most, Math.max(1, until - this.#clock.monotonic()));
        return await body((name, request) => channel.call(name, request, deadlineMs), tries);
      } catch (error) {
        if (this.#closing.signal.aborted || !(error instanceof EtcdError) || !error.isPassing) throw error;
        this.passOver(channel);
        if (this.#clock.monotonic() + delayMs >= until) throw error;
        this.#logger.debug("An etcd member did not answer", { endpoint: channel.endpoint, err: error });
        // At once the first time round: the others may well be there.
        if (tries >= this.#channels.length - 1) {
          await this.#clock.sleep(delayMs, this.#closing.signal).catch(() => {}); // Closed: the next attempt fails for good.
          delayMs = Math.min(delayMs * 2, mostDelayMs);
        }
      }
    }
  }

  close(): void {
    this.#closing.abort();
    for (const channel of this.#channels) channel.close();
  }
}

export type Attempt = <Name extends UnaryName>(
  name: Name,
  request: UnaryCalls[Name][0],
) => Promise<UnaryCalls[Name][1]>;
