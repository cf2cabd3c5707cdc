import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, testSeed } from "@kubets/apimachinery";
import { crdsPath, customServer, mergePatch, widgetsPath } from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

const rounds = 250;
/** No answer may take longer, on a busy machine either. */
/** Of processor time: what else the machine does does not count. */
const limitMs = 1000;

/** As JSON text, so that `__proto__` is a key like any other. */
class Maker {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }

  chance(of: number): boolean {
    return this.#random() < of;
  }

  object(entries: readonly (readonly [string, string])[]): string {
    return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
  }

  name(): string {
    return this.pick([
      "a",
      "b",
      "spec",
      "status",
      "metadata",
      "kind",
      "__proto__",
      "constructor",
      "prototype",
      "toString",
      "",
      "ü",
      "a.b",
      "x".repeat(300),
    ]);
  }

  value(depth = 0): string {
    const scalars = [
      "null",
      "true",
      "0",
      "-1",
      "1.5",
      "1e308",
      "9007199254740993",
      '""',
      '"a"',
      '"2026-01-01T00:00:00Z"',
      '"((((((((((a*)*)*)*)*)*)*)*)*)*"',
      '"\\u0000"',
    ];
    if (depth > 4 || this.chance(0.5)) return this.pick(scalars);
    const parts = Array.from({ length: Math.floor(this.#random() * 4) }, () => this.value(depth + 1));
    return this.chance(0.4) ? `[${parts.join(",")}]` : this.object(parts.map((part) => [this.name(), part]));
  }

  schema(depth = 0): string {
    const type =
      depth === 0
        ? "object"
        : this.pick(["object", "object", "array", "string", "integer", "number", "boolean", "null", "odd"]);
    const entries: [string, string][] = this.chance(0.95) ? [["type", JSON.stringify(type)]] : [];
    const below = () => (depth > 3 ? '{"type":"string"}' : this.schema(depth + 1));
    if (type === "object" && this.chance(0.8)) {
      const count = 1 + Math.floor(this.#random() * 3);
      entries.push(["properties", this.object(Array.from({ length: count }, () => [this.name(), below()]))]);
    }
    if (type === "array" && this.chance(0.9)) entries.push(["items", below()]);
    for (let i = Math.floor(this.#random() * 3); i > 0; i--) entries.push(this.#keyword(below));
    return this.object(entries);
  }

  #keyword(below: () => string): [string, string] {
    const rule = this.pick([
      "self == oldSelf",
      "self.a > 1",
      "self.all(x, x == x)",
      "true",
      "self.",
      "has(self.b) && self.b.matches('^(a+)+$')",
      "size(self) < 3",
      "[1,2].map(x, x / 0) == []",
    ]);
    const keywords: (readonly [string, () => string])[] = [
      ["default", () => this.value(2)],
      ["enum", () => `[${this.value(3)},${this.value(3)}]`],
      ["required", () => JSON.stringify([this.name()])],
      ["nullable", () => "true"],
      ["pattern", () => JSON.stringify(this.pick(["^a", "(a+)+$", "[", "(?=x)", "\\p{L}{1,100}", "a{1000}{1000}"]))],
      ["format", () => JSON.stringify(this.pick(["date", "int32", "email", "hostname", "uri", "duration", "odd"]))],
      ["minimum", () => this.pick(["0", "1.5", "-1e300"])],
      ["multipleOf", () => this.pick(["0", "2", "0.1", "-3"])],
      ["maxLength", () => this.pick(["0", "-1", "3"])],
      ["minItems", () => "1"],
      ["additionalProperties", () => (this.chance(0.5) ? below() : "true")],
      ["allOf", () => `[${below()}]`],
      ["anyOf", () => this.pick([`[${below()}]`, '[{"type":"integer"},{"type":"string"}]', '[{"required":["a"]}]'])],
      ["not", () => '{"enum":["a"]}'],
      ["x-kubernetes-preserve-unknown-fields", () => "true"],
      ["x-kubernetes-embedded-resource", () => "true"],
      ["x-kubernetes-int-or-string", () => "true"],
      ["x-kubernetes-list-type", () => JSON.stringify(this.pick(["set", "map", "atomic", "odd"]))],
      ["x-kubernetes-list-map-keys", () => JSON.stringify([this.name()])],
      ["x-kubernetes-validations", () => JSON.stringify([{ rule, message: "m" }])],
      ["$ref", () => '"#/definitions/x"'],
      [this.name(), () => this.value(3)],
    ];
    const [key, make] = this.pick(keywords);
    return [key, make()];
  }
}

test("no schema and no object brings anything but an answer", { timeout: 120_000 }, async (t) => {
  const seed = testSeed();
  t.diagnostic(`seed ${seed}; KUBETS_SEED=${seed} repeats it`);
  const make = new Maker(seededRandom(seed).next);
  const server = await customServer(t);
  let accepted = 0;
  const ask = async (...request: [string, string, string?, object?]): Promise<number> => {
    const [method, url, body, options] = request;
    const before = process.threadCpuUsage();
    const { status } = await send(server, method, url, body, options ?? {});
    const { user, system } = process.threadCpuUsage();
    const took = (user + system - before.user - before.system) / 1000;
    assert.ok(status < 500, `${status} to ${method} ${url} ${body}`);
    assert.ok(took < limitMs, `${took} ms for ${method} ${url} ${body}`);
    return status;
  };
  for (let round = 0; round < rounds; round++) {
    const column = make.pick([".spec.a", ".a[", ".a[?(@.b==1)].c", "..", ".['x']"]);
    const crd = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},"versions":[{"name":"v1","served":true,"storage":true,"additionalPrinterColumns":[{"name":"c","type":"string","jsonPath":${JSON.stringify(column)}}],"schema":{"openAPIV3Schema":${make.schema()}}}]}}`;
    if ((await ask("POST", crdsPath, crd)) !== 201) continue;
    accepted++;
    await server.customResources.idle();
    for (let i = 0; i < 5; i++) {
      const fields = make.object([
        ["apiVersion", '"example.com/v1"'],
        ["kind", '"Widget"'],
        ["metadata", `{"name":"w${i}"}`],
        [make.name(), make.value()],
        [make.pick(["spec", "a", "b", "__proto__"]), make.value()],
      ]);
      await ask("POST", widgetsPath, fields);
      await ask("PATCH", `${widgetsPath}/w${i}`, make.object([[make.name(), make.value()]]), mergePatch);
    }
    await ask("GET", widgetsPath, undefined, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } });
    if (round % 20 === 0) await ask("GET", "/openapi/v3/apis/example.com/v1");
    await ask("DELETE", `${crdsPath}/widgets.example.com`);
    while ((await send(server, "GET", `${crdsPath}/widgets.example.com`)).status !== 404) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  t.diagnostic(`${accepted} of ${rounds} definitions were accepted`);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.deepEqual(Object.keys(Object.prototype), []);
});
