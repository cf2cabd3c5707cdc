import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { type Store, StoreUnavailableError } from "../store.ts";
import { collect, put, remove, storeSuite, textOf } from "../store-suite.ts";
import { openSqliteStore } from "./open.ts";

function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "kubets-store-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

for (const [name, ringLimits] of [
  ["sqlite", undefined],
  ["sqlite with a tiny ring", { maxEvents: 3, maxBytes: 1 << 20 }],
] as const) {
  storeSuite(name, async () => {
    const directory = temporaryDirectory();
    const open = () =>
      openSqliteStore({ path: join(directory.path, "state.db"), ...(ringLimits === undefined ? {} : { ringLimits }) });
    const store = await open();
    let current = store;
    return {
      store,
      async reopen() {
        await current.close();
        current = await open();
        return current;
      },
      async dispose() {
        await current.close();
        directory.remove();
      },
    };
  });
}

/** Runs a body with the path of a store that does not exist yet. */
function withPath(title: string, body: (path: string) => Promise<void>, options: { skip?: string | false } = {}) {
  test(`sqlite: ${title}`, options, async () => {
    const directory = temporaryDirectory();
    try {
      await body(join(directory.path, "state.db"));
    } finally {
      directory.remove();
    }
  });
}

const unavailable = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreUnavailableError && pattern.test(error.message);

withPath("a second opener is told who holds the file, and a dead holder's lock is gone", async (path) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "writer.fixture.ts"), path, "1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await assert.rejects(openSqliteStore({ path }), unavailable(new RegExp(`in use by process ${child.pid};`)));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const store = await openSqliteStore({ path });
  await assert.rejects(openSqliteStore({ path }), unavailable(new RegExp(`in use by process ${process.pid};`)));
  await store.commit(put("/still", "works"));
  await store.close();
});

withPath("other formats, other files and damaged files are named", async (path) => {
  await (await openSqliteStore({ path })).close();
  const edit = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  edit("PRAGMA user_version = 99");
  await assert.rejects(
    openSqliteStore({ path }),
    unavailable(/a newer kubets wrote it \(format 99, this one reads 1\)/),
  );
  edit("PRAGMA user_version = 0");
  await assert.rejects(openSqliteStore({ path }), unavailable(/an older kubets wrote it/));
  edit("PRAGMA application_id = 7");
  await assert.rejects(openSqliteStore({ path }), unavailable(/not one of kubets/));
  writeFileSync(path, "this is not a database, whatever its name says".repeat(100));
  await assert.rejects(openSqliteStore({ path }), unavailable(/the file is damaged .*; restore it from a backup/));
});

withPath("nobody else may read the files", async (path) => {
  const store = await openSqliteStore({ path });
  await store.commit(put("/secret", "1"));
  for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600);
  await store.close();
});

withPath("a truncated file is found out when it is opened", async (path) => {
  const store = await openSqliteStore({ path });
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.commit(put(`/${i}`, "x".repeat(3000)))));
  await store.close();
  truncateSync(path, 200_000);
  await assert.rejects(openSqliteStore({ path }), unavailable(/the file is damaged/));
});

withPath("a directory that cannot be made is named", async (path) => {
  writeFileSync(path, "");
  await assert.rejects(
    openSqliteStore({ path: join(path, "below", "state.db") }),
    unavailable(/a part of the path is a file/),
  );
});

withPath("history older than the ring is read from the file while writes go on", async (path) => {
  const store = await openSqliteStore({ path, ringLimits: { maxEvents: 16, maxBytes: 1 << 20 } });
  const start = store.revision;
  await Promise.all(Array.from({ length: 5000 }, (_, i) => store.commit(put(`/${i % 50}`, `${i}`))));
  const watching = collect(store, "/", start);
  const more = Promise.all(Array.from({ length: 500 }, (_, i) => store.commit(put(`/${i % 50}`, `${5000 + i}`))));
  await watching.until(5500);
  await more;
  assert.deepEqual(
    watching.events.map(({ entry, revision }) => `${revision} ${textOf(entry)}`),
    Array.from({ length: 5500 }, (_, i) => `${start + 1 + i} ${i}`),
  );
  assert.equal(textOf(watching.events[700]?.previous), "650");
  watching.stop();
  await store.close();
});

withPath("compaction keeps the file from growing", async (path) => {
  const store = await openSqliteStore({ path });
  const value = "x".repeat(2000);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 200 }, (_, i) => store.commit(put(`/${i}`, value))));
    await store.commit(put("/gone", value));
    await store.commit(remove("/gone"));
    await store.compact(store.revision);
  }
  await store.close();
  assert.ok(readFileSync(path).length < 4_000_000);
  const rows = new DatabaseSync(path);
  assert.equal(rows.prepare("SELECT count(*) AS n FROM log").get()?.["n"], 200);
  rows.close();
});

withPath("10,000 pods of 3 KB are open in a moment", async (path) => {
  const store = await openSqliteStore({ path });
  const body = "x".repeat(3000);
  const beganAt = realClock.monotonic();
  await Promise.all(
    Array.from({ length: 10_000 }, (_, i) => store.commit(put(`/registry/pods/default/web-${i}`, body))),
  );
  await store.close();
  const startedAt = realClock.monotonic();
  const again = await openSqliteStore({ path });
  const took = realClock.monotonic() - startedAt;
  assert.equal(await again.count("/registry/pods/"), 10_000);
  await again.close();
  // The target is 200 ms on an idle machine, a quarter of what writing them takes; this only guards against the wrong order of magnitude.
  const wrote = startedAt - beganAt;
  assert.ok(took < 2 * wrote, `took ${Math.round(took)} ms to read what took ${Math.round(wrote)} ms to write`);
});

const asRoot = process.getuid?.() === 0;

withPath(
  "a read-only file system is said to be one",
  async (path) => {
    const mount = join(path, "..");
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", mount]);
    try {
      await (await openSqliteStore({ path })).close();
      execFileSync("mount", ["-o", "remount,ro", mount]);
      await assert.rejects(
        openSqliteStore({ path }),
        unavailable(/the file system is read-only; remount it for writing/),
      );
    } finally {
      execFileSync("umount", [mount]);
    }
  },
  { skip: asRoot ? false : "needs root to mount" },
);

withPath(
  "a full disk fails the writes it concerns, rolls them back, and heals",
  async (path) => {
    const mount = join(path, "..");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", mount]);
    try {
      const store = await openSqliteStore({ path });
      const kept = await store.commit(put("/kept", "1"));
      const ballast = join(mount, "ballast");
      fillUp(ballast);
      const value = "x".repeat(400_000);
      const failing = [
        store.commit(put("/kept", value, kept.modRevision)),
        store.commit(put("/kept", "3", kept.modRevision + 1)),
      ];
      for (const { status, reason } of (await Promise.allSettled(failing)) as PromiseRejectedResult[]) {
        assert.equal(status, "rejected");
        assert.match(
          String(reason),
          /StoreUnavailableError: cannot write to .*: the disk is full; free some space and try again/,
        );
      }
      assert.equal(store.revision, kept.modRevision);
      assert.equal(textOf(await store.get("/kept")), "1");
      rmSync(ballast);
      const next = await store.commit(put("/kept", "2", kept.modRevision));
      assert.equal(next.modRevision, kept.modRevision + 1);
      await store.close();
      const again = await openSqliteStore({ path });
      assert.equal(textOf(await again.get("/kept")), "2");
      await again.close();
    } finally {
      execFileSync("umount", [mount]);
    }
  },
  { skip: asRoot ? false : "needs root for a small disk" },
);

function fillUp(file: string): void {
  for (let size = 4_000_000; size > 1000; size -= 4096) {
    try {
      writeFileSync(file, Buffer.alloc(size));
      return;
    } catch {
      // Too much for what is left: try a little less.
    }
  }
}

withPath("a file copied while it was in use opens with what was acknowledged", async (path) => {
  const store = await openSqliteStore({ path });
  await store.commit(put("/a", "1"));
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  const opened = await openSqliteStore({ path: copy });
  assert.equal(textOf(await opened.get("/a")), "1");
  await opened.close();
  await store.close();
});

withPath("what a program with other defaults wrote is foreign, until it is written again", async (path) => {
  const open = (defaultsVersion?: number) =>
    openSqliteStore({ path, ...(defaultsVersion === undefined ? {} : { defaultsVersion }) });
  const foreign = async (store: Store) => (await store.list("/")).entries.map((entry) => entry.foreign ?? false);
  const names = ["a", "b", "c"] as const;
  // A file from before there were versions.
  let store = await open();
  for (const name of names) await store.commit(put(`/${name}`, "1", 0));
  assert.deepEqual(await foreign(store), [false, false, false]);
  await store.close();
  store = await open(1);
  assert.deepEqual(await foreign(store), [true, true, true]);
  await store.commit(put("/b", "2"));
  assert.deepEqual(await foreign(store), [true, false, true]);
  await store.close();
  store = await open(1);
  assert.deepEqual(await foreign(store), [true, false, true]);
  await store.close();
  store = await open(2);
  await store.commit(put("/c", "3"));
  assert.deepEqual(await foreign(store), [true, true, false]);
  const watched = collect(store, "/", 1);
  const events = await watched.until(5);
  assert.deepEqual(
    events.map(({ entry }) => entry.foreign ?? false),
    [true, true, true, true, false],
  );
  watched.stop();
  await store.close();
});

withPath("a new file has nothing that is foreign", async (path) => {
  const store = await openSqliteStore({ path, defaultsVersion: 7 });
  await store.commit(put("/a", "1", 0));
  assert.equal((await store.get("/a"))?.foreign, undefined);
  await store.close();
});
