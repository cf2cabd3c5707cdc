/** Watchers under load: every event to every one of them, in order. */

import type { Load } from "./load.ts";
import { podKind } from "./workload.ts";

export interface Watchers {
  /** Resolves when every watcher has seen this many events. */
  seen(events: number): Promise<void>;
  readonly delivered: number;
  close(): void;
}

const newline = 0x0a;
const quote = 0x22;
const zero = 0x30;
const marker = Buffer.from('"resourceVersion":"');

/** Of the first event from there on. The load must not be what is measured: nothing else is read. */
function revisionIn(bytes: Buffer, from: number): number {
  let revision = 0;
  for (let at = bytes.indexOf(marker, from) + marker.length; at < bytes.length && bytes[at] !== quote; at++)
    revision = revision * 10 + bytes[at]! - zero;
  return revision;
}

/** @throws Error when a watcher sees revisions out of order, or one twice */
export async function watchers(load: Load, count: number, query: string, { path } = podKind): Promise<Watchers> {
  let delivered = 0;
  let failure: Error | undefined;
  let onProgress = () => {};
  const present = (await load.call(0, { method: "GET", path: `${path}?limit=1` })).toString();
  const { resourceVersion } = (JSON.parse(present) as { metadata: { resourceVersion: string } }).metadata;
  const counts = new Array<number>(count).fill(0);
  const opened = Array.from({ length: count }, (_, index) => {
    /** The beginning of an event that came with the last chunk. */
    let rest: Buffer | undefined;
    let last = 0;
    return load.stream(index, `${path}?watch=true&resourceVersion=${resourceVersion}${query}`, (chunk) => {
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const revision =
          rest === undefined
            ? revisionIn(chunk, start)
            : revisionIn(Buffer.concat([rest, chunk.subarray(start, end)]), 0);
        if (!(revision > last)) failure ??= new Error(`watcher ${index} saw ${revision} after ${last}`);
        last = revision;
        counts[index]!++;
        delivered++;
        rest = undefined;
        start = end + 1;
      }
      if (start < chunk.length) {
        const beginning = chunk.subarray(start);
        rest = rest === undefined ? beginning : Buffer.concat([rest, beginning]);
      }
      onProgress();
    });
  });
  const streams = await Promise.all(opened);
  return {
    get delivered() {
      return delivered;
    },
    async seen(events) {
      await new Promise<void>((resolve, reject) => {
        const deadline = setTimeout(
          () => reject(new Error(`${delivered} of ${events * count} events arrived`)),
          60_000,
        );
        onProgress = () => {
          if (failure !== undefined) reject(failure);
          else if (delivered < events * count) return;
          else resolve();
          clearTimeout(deadline);
        };
        onProgress();
      });
      if (counts.some((each) => each !== events)) throw new Error("a watcher saw an event twice, or missed one");
    },
    close() {
      for (const stream of streams) stream.close();
    },
  };
}
