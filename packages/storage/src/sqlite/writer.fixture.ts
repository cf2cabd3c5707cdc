/**
 * Writes without end, from many hands at once, and says on stdout what was acknowledged: one line `KEY REVISION TEXT` each. Made to be killed.
 * Usage: writer.fixture.ts PATH SEED
 */

import { openSqliteStore } from "./open.ts";

const [, , path = "", seed = ""] = process.argv;
const store = await openSqliteStore({ path });
const encoder = new TextEncoder();
/** Waits while nobody reads: a write past a full pipe would be an error. */
const say = (line: string) => new Promise<void>((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
await say("open");

async function write(hand: number): Promise<void> {
  for (let n = 0; ; n++) {
    const key = `/${hand}/${n % 20}`;
    const text = `${seed}-${hand}-${n}`;
    const isDeletion = n % 7 === 6 && (await store.get(key)) !== undefined;
    // Padding makes transactions span pages, so that a torn one would show.
    const value = isDeletion ? undefined : () => ({ bytes: encoder.encode(text.padEnd(1500, "-")) });
    const { modRevision } = await store.commit({ key, value });
    await say(`${key} ${modRevision} ${isDeletion ? "deleted" : text}`);
    if (n % 50 === 49 && hand === 0) await store.compact(store.revision - 100 > 0 ? store.revision - 100 : 1);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, hand) => write(hand)));
