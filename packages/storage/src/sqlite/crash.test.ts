import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, seededRandom, testSeed } from "@kubets/apimachinery";
import { openSqliteStore } from "./open.ts";

interface Acknowledged {
  readonly revision: number;
  readonly text: string;
}

/** Runs the writer, kills it at some moment, and returns every line it got out. */
async function runAndKill(path: string, seed: number, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "writer.fixture.ts"), path, `${seed}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const opened = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      resolve();
    });
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await opened;
  await realClock.sleep(afterMs);
  child.kill("SIGKILL");
  await ended;
  // A line cut off by the kill was not said.
  return output.split("\n").slice(1, -1);
}

const seed = testSeed();

test(`sqlite: kill -9 at any moment loses nothing acknowledged (KUBETS_SEED=${seed})`, async () => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-crash-"));
  const path = join(directory, "state.db");
  const { next: random } = seededRandom(seed);
  const newest = new Map<string, Acknowledged>();
  let highest = 0;
  try {
    for (let round = 0; round < 6; round++) {
      for (const line of await runAndKill(path, round, 20 + random() * 300)) {
        const [key = "", revision = "", text = ""] = line.split(" ");
        newest.set(key, { revision: Number(revision), text });
        highest = Math.max(highest, Number(revision));
      }
      const store = await openSqliteStore({ path });
      assert.ok(store.revision >= highest, `revision ${store.revision} is there, ${highest} was acknowledged`);
      const { entries } = await store.list("/");
      const found = new Map(entries.map((entry) => [entry.key, entry]));
      for (const [key, { revision, text }] of newest) {
        const entry = found.get(key);
        // A write after the last acknowledged one may have made it to the disk: never an older state.
        if (entry === undefined) assert.ok(text === "deleted" || store.revision > revision, `${key} is lost`);
        else if (entry.modRevision === revision)
          assert.equal(new TextDecoder().decode(entry.value), text.padEnd(1500, "-"));
        else assert.ok(entry.modRevision > revision, `${key} is at ${entry.modRevision}, ${revision} was acknowledged`);
      }
      for (const { key, value } of entries) {
        const text = new TextDecoder().decode(value);
        assert.equal(text.length, 1500);
        assert.equal(`/${text.split("-")[1]}`, key.slice(0, key.lastIndexOf("/")), `${key} holds another key's value`);
      }
      await assertHistoryIsWhole(store);
      await store.close();
    }
    assert.ok(newest.size > 100);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Every revision since the compaction is there, in order: no transaction is half in the file. */
async function assertHistoryIsWhole(store: Awaited<ReturnType<typeof openSqliteStore>>): Promise<void> {
  const stop = new AbortController();
  let last = store.compactedRevision;
  await store.watch("/", {
    afterRevision: last,
    signal: stop.signal,
    onError: (error) => assert.fail(error),
    onEvents(events) {
      for (const { revision } of events) {
        assert.equal(revision, last + 1);
        last = revision;
      }
    },
  });
  stop.abort();
  assert.equal(last, store.revision);
}
