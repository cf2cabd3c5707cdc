import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ResourceDefinition,
  type ValidatingWebhookConfiguration,
  validatingWebhookConfigurations,
} from "@kubets/api";
import { silentLogger } from "@kubets/apimachinery";
import { FakeReader } from "../../reader/fake-reader.ts";
import { definitions } from "../../testing/definitions.ts";
import { testServer } from "../../testing/server.ts";
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

test("a webhook whose selector cannot be read does not switch the others off", async () => {
  const configuration = {
    metadata: { name: "x" },
    webhooks: [webhook("good.example.com", "app"), webhook("bad.example.com", "not a key")],
  } as unknown as ValidatingWebhookConfiguration;
  const reader = new FakeReader();
  reader.put(validatingWebhookConfigurations, configuration);
  const { resources } = testServer();
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (_message: string, about?: object) => errors.push(JSON.stringify(about)) };
  const configurations = new Configurations({
    source: { reader, resources: () => resources },
    logger,
    compileConditions: () => assert.fail("there are none"),
  });
  await configurations.follow(reader, validatingWebhookConfigurations, new AbortController().signal);
  const definition = definitions.find(({ plural }) => plural === "configmaps") as ResourceDefinition;
  const found = configurations.table.candidates({ definition, operation: "CREATE", subresource: "" });
  assert.deepEqual(
    found.map(({ value }) => value.webhook.name),
    ["good.example.com"],
  );
  assert.match(errors.join(), /bad\.example\.com/);
});
