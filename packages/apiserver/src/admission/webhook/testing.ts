/** For tests of webhooks: a server, a webhook, and what both are to say. */

import assert from "node:assert/strict";
import { findDefinition, type Resource } from "@kubets/api";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { WebhookMetrics } from "../../metrics/admission-metrics.ts";
import { MetricsRegistry } from "../../metrics/families.ts";
import { StoreReader } from "../../reader/object-reader.ts";
import type { ApiServer } from "../../server.ts";
import { type HookServer, hookServer } from "../../testing/hook-server.ts";
import { realServer } from "../../testing/real-server.ts";
import { send } from "../../testing/server.ts";
import { WebhookClient } from "../../webhook/index.ts";
import {
  conditionCompiler,
  MutatingAdmissionWebhook,
  ValidatingAdmissionWebhook,
  webhookConfigurationHooks,
} from "./index.ts";

// biome-ignore lint/suspicious/noExplicitAny: AdmissionReviews of every shape.
export type Review = any;

export const group = "/apis/admissionregistration.k8s.io/v1";

export const url = "/api/v1/namespaces/default/configmaps";
let count = 0;
export const configMap = (more: object = {}) => ({ metadata: { name: `c${count++}` }, data: { a: "1" }, ...more });
export const patch = (...operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

/** A server with both webhook plugins, and a webhook that answers what a test says. */
export async function webhookServer() {
  const meters = new MetricsRegistry();
  const stop = new AbortController();
  /** What the webhook at each path answers to the request it is given. */
  const answers = new Map<string, (request: Review) => object | undefined>();
  const asked: { path: string; review: Review }[] = [];
  const hook: HookServer = await hookServer((request, body) => {
    const [path = ""] = (request.url ?? "").split("?");
    const review = JSON.parse(body);
    asked.push({ path, review });
    const response = answers.get(path)?.(review.request);
    if (response === undefined) return undefined;
    return {
      kind: "AdmissionReview",
      apiVersion: review.apiVersion,
      response: { uid: review.request.uid, ...response },
    };
  });
  const store = memoryStore();
  const definitionOf = ({ group, version, plural }: Resource) => findDefinition(group, version, plural)!;
  const reader = new StoreReader(store, definitionOf);
  const options = {
    source: { reader, resources: () => server.resources },
    client: new WebhookClient({
      clock: realClock,
      services: { resolve: async () => ({ host: "127.0.0.1", port: hook.port }) },
    }),
    clock: realClock,
    random: realRandom,
    logger: silentLogger,
    metrics: new WebhookMetrics(meters),
    compileConditions: conditionCompiler({
      authorize: ({ verb }) => ({ decision: verb === "allowed" ? "Allow" : "NoOpinion", reason: "" }),
    }),
  };
  const mutating = new MutatingAdmissionWebhook(options);
  const validating = new ValidatingAdmissionWebhook(options);
  await Promise.all([mutating.follow(stop.signal), validating.follow(stop.signal)]);
  const server: ApiServer = realServer({ store, admission: [mutating, validating], hooks: webhookConfigurationHooks });
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });

  function webhook(name: string, path: string, more: object = {}) {
    return {
      name,
      clientConfig: { url: hook.url(path), caBundle: hook.caBundle },
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      timeoutSeconds: 5,
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
      ...more,
    };
  }

  async function counted(name: string, labels: string): Promise<number> {
    const line = (await meters.text()).split("\n").find((each) => each.startsWith(`${name}{${labels}}`));
    return Number(line?.split(" ").at(-1) ?? 0);
  }

  async function configured(
    kind: "Mutating" | "Validating",
    webhooks: readonly object[],
    body: () => Promise<void>,
  ): Promise<void> {
    const plural = `${kind.toLowerCase()}webhookconfigurations`;
    const made = await send(server, "POST", `${group}/${plural}`, { metadata: { name: "test" }, webhooks });
    assert.equal(made.status, 201, made.text);
    try {
      await body();
    } finally {
      await send(server, "DELETE", `${group}/${plural}/test`);
      answers.clear();
      asked.length = 0;
    }
  }

  const close = (): void => {
    stop.abort();
    hook.close();
  };
  return { hook, server, answers, asked, webhook, counted, configured, close };
}
