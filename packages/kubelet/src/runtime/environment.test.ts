import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigMap, Container, Secret, Service } from "@kubets/api";
import { notFound } from "@kubets/apimachinery";
import { testContainer, testPod } from "../testing/pods.ts";
import type { EnvironmentSources } from "./environment.ts";
import { makeEnvironment } from "./environment.ts";

const maps: Record<string, ConfigMap> = { cm: { data: { a: "1", "b.c": "2", "x=y": "3" } } };
const secrets: Record<string, Secret> = { sec: { data: { pw: Buffer.from("hunter2").toString("base64") } } };

function service(namespace: string, name: string, clusterIP: string, port: number): Service {
  return { metadata: { namespace, name }, spec: { clusterIP, ports: [{ name: "http", port, protocol: "TCP" }] } };
}

function sources(skipped: string[] = []): EnvironmentSources {
  const find = async <T>(from: Record<string, T>, resource: string, name: string): Promise<T> => {
    const found = from[name];
    if (found === undefined) throw notFound({ group: "", resource }, name);
    return found;
  };
  return {
    configMap: (_, name) => find(maps, "configmap", name),
    secret: (_, name) => find(secrets, "secret", name),
    services: () => [service("default", "kubernetes", "10.96.0.1", 443), service("other", "db", "10.96.0.9", 5432)],
    facts: { hostIPs: ["192.0.2.1"], podIPs: ["10.0.0.2"], allocatable: { cpu: "4", memory: "1Gi" } },
    skipped: (_, __, keys) => skipped.push(...keys),
  };
}

async function made(container: Partial<Container>, from = sources()): Promise<Record<string, string>> {
  const full = testContainer("app", container);
  return Object.fromEntries(await makeEnvironment(testPod({ containers: [full] }), full, from));
}

describe("makeEnvironment", () => {
  it("reads literals, references and fields, and expands", async () => {
    const env = await made({
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "$(A)$(NOPE)" },
        { name: "PW", valueFrom: { secretKeyRef: { name: "sec", key: "pw" } } },
        { name: "MAP", valueFrom: { configMapKeyRef: { name: "cm", key: "a" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "OPT", valueFrom: { configMapKeyRef: { name: "none", key: "a", optional: true } } },
      ],
    });
    assert.equal(env["B"], "1$(NOPE)");
    assert.equal(env["PW"], "hunter2");
    assert.equal(env["MAP"], "1");
    assert.equal(env["IP"], "10.0.0.2");
    assert.equal(env["NAME"], "web");
    assert.ok(!("OPT" in env));
  });

  it("gives limits, and the node's where there is none", async () => {
    const env = await made({
      resources: { limits: { cpu: "1500m" } },
      env: [
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "MILLI", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
        { name: "MEM", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      ],
    });
    assert.deepEqual([env["CPU"], env["MILLI"], env["MEM"]], ["2", "1500", "1024"]);
  });

  it("takes whole maps, with a prefix, and reports the keys that cannot be names", async () => {
    const skipped: string[] = [];
    const env = await made({ envFrom: [{ prefix: "P_", configMapRef: { name: "cm" } }] }, sources(skipped));
    assert.equal(env["P_a"], "1");
    assert.deepEqual(skipped, ["P_x=y"]);
  });

  it("links services of its namespace and the API server", async () => {
    const env = await made({});
    assert.equal(env["KUBERNETES_SERVICE_HOST"], "10.96.0.1");
    assert.equal(env["KUBERNETES_SERVICE_PORT_HTTP"], "443");
    assert.equal(env["KUBERNETES_PORT_443_TCP"], "tcp://10.96.0.1:443");
    assert.ok(!("DB_SERVICE_HOST" in env));
  });

  it("says what is missing", async () => {
    const missing = (configMapKeyRef: { name: string; key: string }) =>
      made({ env: [{ name: "A", valueFrom: { configMapKeyRef } }] });
    await assert.rejects(missing({ name: "none", key: "a" }), { message: 'configmap "none" not found' });
    await assert.rejects(missing({ name: "cm", key: "z" }), { message: "couldn't find key z in ConfigMap default/cm" });
  });
});
