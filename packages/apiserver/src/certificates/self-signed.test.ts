import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { selfSignedPair } from "./self-signed.ts";

test("made once, found again, never half", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-self-signed-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const names = { dnsNames: ["localhost"], ipAddresses: ["10.0.0.1"] };
  const options = {
    directory: join(directory, "certs"),
    name: "apiserver",
    host: "10.0.0.1",
    ...names,
    clock: realClock,
  };
  const first = await selfSignedPair(options);
  assert.equal(first.made, true);
  const [leaf, authority] = first.certificate
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem));
  assert.ok(leaf!.verify(authority!.publicKey));
  assert.equal(leaf!.subjectAltName, "DNS:localhost, IP Address:10.0.0.1");
  assert.deepEqual(await selfSignedPair(options), { ...first, made: false });
  rmSync(first.keyFile);
  await assert.rejects(selfSignedPair(options), /certificate and key must be supplied as a pair/);
});
