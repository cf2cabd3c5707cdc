import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChangeHandler, ObjectReader } from "../reader/object-reader.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import { AutoRegistration } from "./auto-register.ts";
import { Registrations } from "./registrations.ts";

test("the APIService of a definition goes with it, though nothing but its name is known when it goes", async () => {
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
  const metadata = { name: "things.example.com" };
  const spec = { group: "example.com", versions: [{ name: "v1", served: true }] };
  handler?.put({ metadata, spec } as object);
  assert.equal(registration.isContinuous("v1.example.com"), true);
  handler?.remove({ metadata });
  assert.deepEqual(told, ["v1.example.com", "v1.example.com"]);
  assert.equal(registration.isContinuous("v1.example.com"), false);
});
