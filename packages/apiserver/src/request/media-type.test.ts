import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { send, testServer } from "../testing/server.ts";
import { parseMediaType } from "./media-type.ts";

test("what Go's mime.ParseMediaType makes of a header", () => {
  const types: Record<string, string | undefined> = {
    "application/json": "application/json",
    " Application/JSON ; Charset=UTF-8": "application/json",
    "application/json;": "application/json",
    "application/json; ": "application/json",
    'application/yaml;a="b;c\\"d"; e=f': "application/yaml",
    'application/yaml;a="C:\\temp\\x"': "application/yaml",
    "application/json;a=b;a=b": "application/json",
    json: "json",
    "application/json;foo": undefined,
    "application/json;foo=": undefined,
    "application/json;;": undefined,
    "application/json; a=b c": undefined,
    "application/json;a=b;A=c": undefined,
    'application/json;a="b': undefined,
    'application/json;a="b\\"': undefined,
    "application/": undefined,
    "application/json, text/plain": undefined,
    ";charset=utf-8": undefined,
  };
  for (const [text, type] of Object.entries(types)) assert.equal(parseMediaType(text), type, text);
});

test("what a client may say of a type is read in time that grows with it, and no faster", () => {
  assertLinear("unended", 40_000, (size) =>
    assert.equal(parseMediaType(`application/json;a="${"\\,".repeat(size)}`), undefined),
  );
});

test("a body of a malformed type is of none that is known", async () => {
  const server = testServer();
  const post = (type: string) =>
    send(server, "POST", "/api/v1/namespaces/default/configmaps", '{"metadata":{"generateName":"a"}}', {
      headers: { "content-type": type },
    });
  const refused = await post("application/json;foo");
  assert.equal(refused.status, 415);
  assert.match(
    refused.json.message,
    /^the body of the request was in an unknown format - accepted media types include: /,
  );
  assert.equal((await post("Application/Json; charset=utf-8")).status, 201);
});

test("a patch's type is compared as it stands", async () => {
  const server = testServer();
  const path = "/api/v1/namespaces/default/configmaps";
  await send(server, "POST", path, { metadata: { name: "a" } });
  const patch = async (type: string) =>
    (await send(server, "PATCH", `${path}/a`, "{}", { headers: { "content-type": type } })).status;
  assert.equal(await patch("application/merge-patch+json;foo"), 200);
  assert.equal(await patch("application/merge-patch+json ;foo"), 415);
  assert.equal(await patch("Application/merge-patch+json"), 415);
});
