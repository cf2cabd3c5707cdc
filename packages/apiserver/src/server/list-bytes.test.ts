import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { findDefinition } from "@kubets/api";
import type { Entry } from "@kubets/storage";
import { ServedObject } from "../registry/served-object.ts";
import { type ListBytes, listBytes } from "./list-bytes.ts";

const configMaps = findDefinition("", "v1", "configmaps")!;

function served(index: number, value = "v"): ServedObject {
  const metadata = { name: `c${index}`, namespace: "default", resourceVersion: String(index + 1) };
  const object = { kind: "ConfigMap", apiVersion: "v1", metadata, data: { value } };
  const revision = index + 1;
  const entry: Entry = {
    key: `/registry/configmaps/default/c${index}`,
    value: Buffer.from(JSON.stringify(object)),
    createRevision: revision,
    modRevision: revision,
  };
  return ServedObject.ofEntry(entry);
}

const textOf = ({ chunks }: Pick<ListBytes, "chunks">) => Buffer.concat(chunks).toString();

test("a list of none, one, and many is the JSON of its items without their kind", async () => {
  for (const count of [0, 1, 2, 1000]) {
    const items = Array.from({ length: count }, (_, index) => served(index));
    const list = listBytes(configMaps, items, { resourceVersion: "7" });
    const parsed = JSON.parse(textOf(list));
    assert.equal(parsed.kind, "ConfigMapList");
    assert.equal(parsed.items.length, count);
    assert.deepEqual(
      parsed.items,
      items.map(({ object: { metadata, data } }: { object: { metadata?: object; data?: unknown } }) => ({
        metadata,
        data,
      })),
    );
    assert.equal(list.length, textOf(list).length);
    assert.equal(gunzipSync(Buffer.concat(await list.gzipped())).toString(), textOf(list));
  }
});

test("what did not change is not joined again", () => {
  const items = Array.from({ length: 1000 }, (_, index) => served(index));
  const before = listBytes(configMaps, items, { resourceVersion: "1" });
  const changed = [...items];
  changed[500] = served(500, "other");
  changed.splice(200, 1);
  const after = listBytes(configMaps, changed, { resourceVersion: "2" });
  const kept = after.chunks.filter((chunk) => before.chunks.includes(chunk));
  assert.ok(kept.length >= after.chunks.length - 5, `${kept.length} of ${after.chunks.length} chunks were kept`);
  assert.equal(JSON.parse(textOf(after)).items.length, 999);
  assert.equal(JSON.parse(textOf(after)).items[499].data.value, "other");
});
