/** One watch of all our keys at one member, from its beginning to its end. */

import { type Channel, type WatchCall, watchError } from "./channel.ts";
import type { KeySpace } from "./keys.ts";
import type { EtcdEvent, WatchResponse } from "./types.ts";

/** History from the asked-for revision is gone. */
export class WatchCompacted extends Error {
  readonly compactRevision: number;

  constructor(compactRevision: number) {
    super(`etcd has compacted its history up to revision ${compactRevision}`);
    this.name = "WatchCompacted";
    this.compactRevision = compactRevision;
  }
}

export interface WatchStreamOptions {
  readonly channel: Channel;
  readonly keys: KeySpace;
  readonly startRevision: number;
  readonly previousValues?: boolean;
  /** Called synchronously with what one message holds: whole revisions, in order. What it throws ends the watch. */
  readonly onEvents: (events: readonly EtcdEvent[]) => void;
  /** All up to `revision` is out. @param asked it answers {@link WatchStream.askProgress} */
  readonly onProgress: (revision: number, asked: boolean) => void;
}

export class WatchStream {
  /** Rejects when the watch ends, for whatever reason but {@link cancel}; then it resolves. */
  readonly ended: Promise<void>;
  readonly #call: WatchCall;
  readonly #settle: () => void;

  constructor(options: WatchStreamOptions) {
    const { channel, keys, startRevision, previousValues = false } = options;
    const createRequest = {
      key: Buffer.from(keys.first),
      rangeEnd: Buffer.from(keys.end),
      startRevision,
      progressNotify: true,
      prevKv: previousValues,
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
    this.#call = channel.watch(
      { createRequest },
      { onResponse: (response) => this.#onResponse(response, options), onEnd: reject },
    );
  }

  /** Asks how far it is. Members before 3.4.31 and 3.5.13 may answer too early: see `Feed`. */
  askProgress(): void {
    this.#call.send({ progressRequest: {} });
  }

  cancel(): void {
    this.#call.cancel();
    this.#settle();
  }

  #onResponse(response: WatchResponse, { onEvents, onProgress, channel }: WatchStreamOptions): void {
    if (response.canceled) {
      if (response.compactRevision > 0) throw new WatchCompacted(response.compactRevision);
      throw watchError(channel.endpoint, { code: 14, details: response.cancelReason || "cancelled" });
    }
    if (response.events.length > 0) onEvents(response.events);
    else if (!response.created) onProgress(response.header.revision, response.watchId === -1);
  }
}
