import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChangeHandler, ObjectReader } from "../reader/object-reader.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import { AutoRegistration } from "./auto-register.ts";
import { Registrations } from "./registrations.ts";

/** With what its reader tells it, and the names that it tells of. */
async function following() {
  let handler: ChangeHandler | undefined;
  const reader = {
    subscribe: async (_resource: unknown, given: ChangeHandler) => {
      handler = given;
    },
  } as unknown as ObjectReader;
  const registration = new AutoRegistration(new Registrations(), undefined as unknown as InProcessTransport);
  const told: string[] = [];
  registration.onChange((name) => told.push(name));
  await registration.followDefinitions(reader, new AbortController().signal);
  return { registration, told, handler: handler! };
}

const definition = (
  plural: string,
  versions: readonly { readonly name: string; readonly served: boolean }[],
): object => ({
  metadata: { name: `${plural}.example.com` },
  spec: { group: "example.com", versions },
});

test("the APIService of a definition goes with it, though nothing but its name is known when it goes", async () => {
  const { registration, told, handler } = await following();
  handler.put(definition("things", [{ name: "v1", served: true }]));
  assert.equal(registration.isContinuous("v1.example.com"), true);
  handler.remove({ metadata: { name: "things.example.com" } });
  assert.deepEqual(told, ["v1.example.com", "v1.example.com"]);
  assert.equal(registration.isContinuous("v1.example.com"), false);
});

test("an APIService stays as long as any definition has its version served", async () => {
  const { registration, handler } = await following();
  const isThere = () => registration.isContinuous("v1.example.com");
  handler.put(definition("things", [{ name: "v1", served: true }]));
  handler.put(definition("others", [{ name: "v1", served: true }]));
  handler.put(definition("things", [{ name: "v1", served: false }]));
  assert.equal(isThere(), true);
  handler.remove(definition("others", [{ name: "v1", served: true }]));
  assert.equal(isThere(), false);
  handler.put(definition("things", [{ name: "v1", served: true }]));
  assert.equal(isThere(), true);
});

test("a definition of tens of thousands of versions is taken in soon", async () => {
  const { told, handler } = await following();
  const many = Array.from({ length: 30_000 }, (_, i) => ({ name: `v${i + 1}`, served: i >= 20_000 }));
  const began = process.threadCpuUsage();
  handler.put(definition("things", many));
  const { user, system } = process.threadCpuUsage(began);
  assert.equal(told.length, 30_000);
  assert.ok(user + system < 400_000, `it took ${Math.round((user + system) / 1000)} ms`);
});
