import assert from "node:assert/strict";
import { test } from "node:test";
import { objectForm, withRevision } from "./stored-form.ts";

const spliced = (text: string, revision = 7): string =>
  Buffer.from(withRevision(Buffer.from(text), revision)).toString();

test("resourceVersion comes into its place, and the rest is left as it is", () => {
  for (const [stored, read] of [
    [
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a\\"}{","uid":"u","creationTimestamp":"t"},"spec":{}}\n',
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a\\"}{","uid":"u","resourceVersion":"7","creationTimestamp":"t"},"spec":{}}',
    ],
    ['{"metadata":{}}', '{"metadata":{"resourceVersion":"7"}}'],
    ['{"metadata":{"name":"a"}}', '{"metadata":{"name":"a","resourceVersion":"7"}}'],
    ['{"metadata":{"labels":{"x":"é"}}}', '{"metadata":{"resourceVersion":"7","labels":{"x":"é"}}}'],
    [
      '{"spec":{"metadata":{"name":"no"},"n":1.5,"l":[{"a":"]"}]},"metadata":{"generateName":"a-","generation":2}}',
      '{"spec":{"metadata":{"name":"no"},"n":1.5,"l":[{"a":"]"}]},"metadata":{"generateName":"a-","resourceVersion":"7","generation":2}}',
    ],
  ] as const)
    assert.equal(spliced(stored), read);
});

test("what is laid out in another way is parsed", () => {
  for (const stored of [
    '{ "metadata": { "name": "a" } }',
    '{"metadata":{"name":"a","resourceVersion":"3"}}',
    '{"kind":"X"}',
    '{"metadata":null}',
  ])
    assert.equal(JSON.parse(spliced(stored)).metadata.resourceVersion, "7", stored);
  assert.throws(() => spliced("not JSON"), SyntaxError);
});

test("what is written is read back; protobuf needs a decoder", () => {
  const form = objectForm();
  const bytes = Buffer.from('{"metadata":{"name":"a"}}');
  assert.equal(Buffer.from(form.write(bytes)).toString(), '{"metadata":{"name":"a"}} \n');
  const read = (stored: Uint8Array, by = form) => {
    const value = by.read(stored, 3);
    return [Buffer.from(value.bytes).toString(), value.foreign];
  };
  const object = '{"metadata":{"name":"a","resourceVersion":"3"}}';
  assert.deepEqual(read(form.write(bytes)), [object, false]);
  // As upstream, an older version of this program, and somebody by hand write it.
  for (const by of ["\n", "", "  \n", " "]) assert.deepEqual(read(Buffer.from(`${bytes}${by}`)), [object, true], by);
  const protobuf = Buffer.from("k8s\0xyz");
  assert.throws(() => form.read(protobuf, 1), /stored as protobuf/);
  const decoding = objectForm({ decodeProtobuf: () => ({ kind: "Pod", metadata: { name: "p" } }) });
  assert.deepEqual(read(protobuf, decoding), ['{"kind":"Pod","metadata":{"name":"p","resourceVersion":"3"}}', true]);
});
