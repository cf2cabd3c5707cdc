import assert from "node:assert/strict";
import { test } from "node:test";
import { type ValidatingWebhookConfiguration, validatingWebhookConfigurations } from "@kubets/api";
import { FakeReader } from "../../reader/fake-reader.ts";
import { testServer } from "../../testing/server.ts";
import { matchRequest } from "../matching/index.ts";
import { requestOn } from "../testing.ts";
import { Configurations } from "./configurations.ts";

function webhook(name: string, key: string) {
  return {
    name,
    clientConfig: { url: "https://127.0.0.1:1/" },
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    objectSelector: { matchExpressions: [{ key, operator: "Exists" }] },
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
  };
}

test("a webhook whose selector cannot be read refuses what it would be asked about, and switches no other off", async () => {
  const configuration = {
    metadata: { name: "x" },
    webhooks: [
      webhook("good.example.com", "app"),
      { ...webhook("bad.example.com", "not a key"), failurePolicy: "Fail" },
    ],
  } as unknown as ValidatingWebhookConfiguration;
  const reader = new FakeReader();
  reader.put(validatingWebhookConfigurations, configuration);
  const { resources } = testServer();
  const source = { reader, resources: () => resources };
  const configurations = new Configurations({ source, compileConditions: () => assert.fail("there are none") });
  await configurations.follow(reader, validatingWebhookConfigurations, new AbortController().signal);
  const asked = requestOn("configmaps", {
    object: { metadata: { name: "m", namespace: "default", labels: { app: "a" } } },
  });
  const [good, bad] = configurations.table.candidates(asked);
  assert.deepEqual([good?.value.webhook.name, bad?.value.webhook.name], ["good.example.com", "bad.example.com"]);
  assert.equal(await matchRequest(good!, asked, source), asked.definition);
  assert.throws(() => matchRequest(bad!, asked, source), {
    code: 500,
    message: /^Internal error occurred: .*not a key/,
  });
});
