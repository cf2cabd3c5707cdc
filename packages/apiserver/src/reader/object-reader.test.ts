import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps, findDefinition } from "@kubets/api";
import { memoryStore } from "@kubets/storage";
import { StoreReader } from "./object-reader.ts";

test("an object that cannot be read is told of as an error, and what comes after it is followed all the same", async () => {
  const store = memoryStore();
  const errors: string[] = [];
  const reader = new StoreReader(
    store,
    ({ group, version, plural }) => findDefinition(group, version, plural)!,
    ({ message }) => errors.push(message),
  );
  const seen: string[] = [];
  const told = (what: string) => (object: { metadata?: { name?: string } }) =>
    void seen.push(`${what} ${object.metadata?.name}`);
  const stop = new AbortController();
  await reader.subscribe(configMaps, { put: told("put"), remove: told("remove") }, stop.signal);
  const write = (name: string, text: string | undefined, expectedRevision = 0) => {
    const value = text === undefined ? undefined : () => ({ bytes: Buffer.from(text) });
    return store.commit({ key: `/registry/configmaps/default/${name}`, expectedRevision, value });
  };
  await write("broken", "no JSON at all");
  const { modRevision } = await write("good", '{"metadata":{"name":"good"}}');
  await write("good", undefined, modRevision);
  assert.deepEqual(seen, ["put good", "remove good"]);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^\/registry\/configmaps\/default\/broken cannot be followed: /);
  stop.abort();
});
