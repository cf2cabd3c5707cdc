import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Clock, realClock } from "@kubets/apimachinery";
import { ensureClusterCertificates, nodeClientCertificate, superAdminCertificate } from "./cluster-certificates.ts";
import { Pki } from "./pki.ts";

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "kubets-pki-"));
  try {
    await body(join(directory, "pki"));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const names = { dnsNames: ["localhost", "box"], ipAddresses: ["127.0.0.1", "10.96.0.1", "::1"] };
const day = 24 * 60 * 60 * 1000;

test("a cluster's certificates are made once and used again", () =>
  inDirectory(async (directory) => {
    const first = await ensureClusterCertificates({ directory, clock: realClock, ...names });
    const second = await ensureClusterCertificates({ directory, clock: realClock, ...names });
    assert.equal(second.apiServer.certificate, first.apiServer.certificate);
    assert.equal(second.ca.key, first.ca.key);
    assert.deepEqual(second.serviceAccountKey, first.serviceAccountKey);
    for (const key of ["ca.key", "apiserver.key", "sa.key", "front-proxy-ca.key"])
      assert.equal(statSync(join(directory, key)).mode & 0o777, 0o600);
    const server = new X509Certificate(first.apiServer.certificate);
    for (const name of ["localhost", "box", "kubernetes.default.svc.cluster.local"])
      assert.equal(server.checkHost(name), name);
    for (const address of names.ipAddresses) assert.ok(server.checkIP(address), address);
    assert.ok(server.verify(new X509Certificate(first.ca.certificate).publicKey));
    const subjectOf = ({ certificate }: { certificate: string }) => new X509Certificate(certificate).subject;
    assert.equal(subjectOf(await superAdminCertificate(first.pki)), "O=system:masters\nCN=kubernetes-super-admin");
    assert.equal(subjectOf(await nodeClientCertificate(first.pki, "n1")), "O=system:nodes\nCN=system:node:n1");
  }));

test("a certificate is renewed near its end and when a name is missing, by the same CA", () =>
  inDirectory(async (directory) => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const clock: Clock = { ...realClock, now: () => now };
    const first = await ensureClusterCertificates({ directory, clock, ...names });
    now += 300 * day;
    const same = await ensureClusterCertificates({ directory, clock, ...names });
    assert.equal(same.apiServer.certificate, first.apiServer.certificate);
    const other = { ...names, dnsNames: ["localhost", "other"] };
    const named = await ensureClusterCertificates({ directory, clock, ...other });
    assert.notEqual(named.apiServer.certificate, first.apiServer.certificate);
    assert.equal(named.kubeletClient.certificate, first.kubeletClient.certificate);
    now += 40 * day;
    const renewed = await ensureClusterCertificates({ directory, clock, ...other });
    assert.notEqual(renewed.kubeletClient.certificate, first.kubeletClient.certificate);
    assert.equal(renewed.ca.certificate, first.ca.certificate);
    now += 11 * 365 * day;
    await assert.rejects(ensureClusterCertificates({ directory, clock, ...names }), /ca\.crt has expired; replace it/);
  }));

test("a CA that cannot be used is said to be so, and never replaced", () =>
  inDirectory(async (directory) => {
    const pki = () => new Pki({ directory, clock: realClock });
    await pki().certificate("client", { commonName: "x", usages: ["client"] });
    rmSync(join(directory, "ca.key"));
    await pki().certificate("client", { commonName: "x", usages: ["client"] });
    await assert.rejects(
      pki().certificate("client", { commonName: "y", usages: ["client"] }),
      /cannot make .*client\.crt \(another subject\): the CA's key .*ca\.key is missing/,
    );
    writeFileSync(join(directory, "ca.crt"), "garbage");
    await assert.rejects(pki().authority("ca"), /ca\.crt is not a certificate/);
    assert.equal(readFileSync(join(directory, "ca.crt"), "utf8"), "garbage");
  }));
