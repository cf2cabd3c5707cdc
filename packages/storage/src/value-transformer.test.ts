import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openSqliteStore } from "./sqlite/open.ts";
import type { Store } from "./store.ts";
import { collect, put, remove, textOf } from "./store-suite.ts";
import type { ValueTransformer } from "./value-transformer.ts";

/** Encrypts what is below /secrets/ by turning it round, under a name; reads all names it is told of. */
function mirror(...names: readonly string[]) {
  const changed: (() => void)[] = [];
  const asked: string[] = [];
  const transformer: ValueTransformer = {
    codecOf: (key) => (key.startsWith("/secrets/") ? codec : undefined),
    onChange: (listener) => changed.push(listener),
  };
  const codec = {
    get seal() {
      return names[0];
    },
    encode(path: string, bytes: Uint8Array) {
      asked.push(path);
      return Buffer.concat([Buffer.from(`k8s:enc:${names[0]}:`), Buffer.from(bytes).reverse()]);
    },
    decode(_path: string, stored: Uint8Array) {
      const text = Buffer.from(stored).toString();
      const name = names.find((known) => text.startsWith(`k8s:enc:${known}:`));
      if (name === undefined && text.startsWith("k8s:enc:")) throw new Error("no matching prefix found");
      if (name === undefined) return { bytes: stored, seal: undefined };
      return { bytes: Buffer.from(stored.subarray(`k8s:enc:${name}:`.length)).reverse(), seal: name };
    },
  };
  const become = (...others: readonly string[]) => {
    names = others;
    for (const listener of changed) listener();
  };
  return { transformer, asked, become };
}

function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-store-"));
  let current: Store | undefined;
  t.after(async () => {
    await current?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const open = async (transformer?: ValueTransformer, ringLimits = { maxEvents: 2, maxBytes: 1 << 20 }) => {
    await current?.close();
    const given = transformer === undefined ? {} : { transformer };
    current = await openSqliteStore({ path: join(directory, "state.db"), ringLimits, ...given });
    return current;
  };
  const onDisk = () => Buffer.concat(readdirSync(directory).map((file) => readFileSync(join(directory, file))));
  return { open, onDisk };
}

test("what is concerned is encrypted in the file, and plain to every reader, from memory and from history", async (t) => {
  const { open, onDisk } = place(t);
  const { transformer, asked } = mirror("a");
  const store = await open(transformer);
  const { modRevision } = await store.commit(put("/secrets/x", "the secret one"));
  await store.commit(put("/secrets/x", "the secret two"));
  await store.commit(remove("/secrets/x"));
  await store.commit(put("/secrets/y", "the secret three"));
  for (const n of [1, 2, 3]) await store.commit(put(`/others/${n}`, `for all ${n}`));
  assert.deepEqual(asked, ["/secrets/x", "/secrets/x", "/secrets/y"]);
  const watching = collect(store, "/secrets/", modRevision - 1);
  const events = await watching.until(4);
  watching.stop();
  assert.deepEqual(
    events.map(({ type, entry, previous }) => [type, textOf(entry), textOf(previous)]),
    [
      ["put", "the secret one", undefined],
      ["put", "the secret two", "the secret one"],
      ["delete", "the secret two", "the secret two"],
      ["put", "the secret three", undefined],
    ],
  );
  assert.equal(textOf((await store.list("/secrets/", { revision: modRevision })).entries[0]), "the secret one");
  const again = await open(transformer);
  assert.equal(textOf(await again.get("/secrets/y")), "the secret three");
  assert.ok(onDisk().includes("for all 1"));
  assert.ok(!onDisk().includes("the secret"));
  assert.ok(onDisk().includes("terces eht"));
});

test("an entry is current while it is stored as it would be now", async (t) => {
  const { open } = place(t);
  const plain = await open();
  await plain.commit(put("/secrets/plain", "p"));
  await plain.commit(put("/others/plain", "p"));
  const { transformer, become } = mirror("a");
  let store = await open(transformer);
  const current = async (key: string) => store.isCurrent((await store.get(key))!);
  await store.commit(put("/secrets/a", "s"));
  assert.deepEqual(
    [await current("/secrets/plain"), await current("/secrets/a"), await current("/others/plain")],
    [false, true, true],
  );
  become("b", "a");
  assert.equal(await current("/secrets/a"), false);
  await store.commit(put("/secrets/a", "s"));
  assert.equal(await current("/secrets/a"), true);
  store = await open(mirror("b").transformer);
  assert.deepEqual([await current("/secrets/plain"), await current("/secrets/a")], [false, true]);
});

test("what was plain before it was encrypted leaves the file when it is compacted", async (t) => {
  const { open, onDisk } = place(t);
  const plain = await open();
  await plain.commit(put("/secrets/x", `the secret ${"in many words ".repeat(2000)}`));
  const { transformer } = mirror("a");
  const store = await open(transformer);
  const { modRevision } = await store.commit(put("/secrets/x", "the secret"));
  assert.ok(onDisk().includes("in many words"), "it is still history");
  await store.compact(modRevision);
  await open(transformer);
  assert.ok(!onDisk().includes("in many words"));
});

test("a value that cannot be read is told of when it is asked for, harms no other, and can be read once there is a key", async (t) => {
  const { open } = place(t);
  const before = await open(mirror("a").transformer);
  await before.commit(put("/secrets/x", "lost"));
  await before.commit(put("/others/x", "for all"));
  await (await open(mirror("a").transformer)).commit(put("/secrets/y", "lost too"));
  for (const wrong of [mirror("b").transformer, undefined]) {
    const store = await open(wrong);
    const message =
      wrong === undefined ? "identity transformer tried to read encrypted data" : "no matching prefix found";
    const entry = await store.get("/secrets/x");
    assert.equal(entry?.unreadable?.message, `unable to transform key "/secrets/x": ${message}`);
    assert.equal(textOf(entry), "k8s:enc:a:tsol");
    assert.equal(textOf(await store.get("/others/x")), "for all");
  }
  const { transformer, become } = mirror("b");
  const store = await open(transformer);
  const deleted = await store.commit(remove("/secrets/y"));
  assert.ok(deleted.unreadable);
  become("b", "a");
  const found = await store.get("/secrets/x");
  assert.deepEqual([textOf(found), found?.unreadable, store.isCurrent(found!)], ["lost", undefined, false]);
});
