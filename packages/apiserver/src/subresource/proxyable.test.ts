import assert from "node:assert/strict";
import { test } from "node:test";
import { confirmProxyable, portOf } from "./proxyable.ts";

const refused = { message: "address not allowed" };

test("loopback and the link, by address or by name, are not proxied to", async () => {
  for (const host of [
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "0.0.0.0",
    "::1",
    "::",
    "fe80::1",
    "::ffff:127.0.0.1",
  ])
    await assert.rejects(confirmProxyable(host), refused, host);
  await assert.rejects(confirmProxyable("localhost"), refused);
  for (const host of ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1"]) await confirmProxyable(host);
});

test("a port is a number that a port can have", () => {
  assert.equal(portOf("8080"), 8080);
  for (const text of ["0", "65536", "x", "-1", "1e3", " 1"])
    assert.throws(() => portOf(text), { message: /invalid port/ });
});
