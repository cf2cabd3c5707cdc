/** Watchers under load: every event to every one of them, in order. */

import type { Load } from "./load.ts";
import { podKind } from "./workload.ts";

export interface Watchers {
  /** Resolves when every watcher has seen this many events. */
  seen(events: number): Promise<void>;
  readonly delivered: number;
  close(): void;
}

const newline = 10;
const marker = Buffer.from('"resourceVersion":"');

/** @throws Error when a watcher sees revisions out of order, or one twice */
export async function watchers(load: Load, count: number, query: string, { path } = podKind): Promise<Watchers> {
  let delivered = 0;
  let failure: Error | undefined;
  let onProgress = () => {};
  const present = (await load.call(0, { method: "GET", path: `${path}?limit=1` })).toString();
  const { resourceVersion } = (JSON.parse(present) as { metadata: { resourceVersion: string } }).metadata;
  const counts = new Array<number>(count).fill(0);
  const opened = Array.from({ length: count }, (_, index) => {
    let rest: Buffer = Buffer.alloc(0);
    let last = 0;
    return load.stream(index, `${path}?watch=true&resourceVersion=${resourceVersion}${query}`, (chunk) => {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
        const at = data.indexOf(marker, start) + marker.length;
        const revision = Number(data.toString("latin1", at, data.indexOf(0x22, at)));
        if (!(revision > last)) failure ??= new Error(`watcher ${index} saw ${revision} after ${last}`);
        last = revision;
        counts[index]!++;
        delivered++;
        start = end + 1;
      }
      rest = start === data.length ? Buffer.alloc(0) : data.subarray(start);
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
