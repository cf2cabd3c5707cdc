import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@kubets/apimachinery";
import { tlsFromFiles } from "./tls-files.ts";

const pem = (what: string, body: string) => `-----BEGIN ${what}-----\n${body}\n-----END ${what}-----\n`;

/** Of nothing but this test, signed by themselves. */
const pairs = {
  first: {
    key: "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkqLoO6147ailnWYejC7Vlwrsgaaog41IRHvW4T431iihRANCAAQQZq0eCIvQCXrHpRiDwe9P2b19nT83afk4eZ+hyk2R0/kCYmiegTEJnt8y69K9nZu/b90ruDJng3nyVq+qazwx",
    certificate:
      "MIIBdzCCAR2gAwIBAgIUGxGPFAhD9TIuJtuB4HdHiyBVsHQwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTIxMTEwMzAwWhgPMjEyNjEwMjgxMTAzMDBaMBAxDjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEGatHgiL0Al6x6UYg8HvT9m9fZ0/N2n5OHmfocpNkdP5AmJonoExCZ7fMuvSvZ2bv2/dK7gyZ4N58lavqms8MaNTMFEwHQYDVR0OBBYEFJCydqiBFz4koXkizXQTwjMDoccOMB8GA1UdIwQYMBaAFJCydqiBFz4koXkizXQTwjMDoccOMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIpssWjKl081S9mhwsbefmaHVL5fD03z1YFcDsE00KDOAiAB8cWG3A7I25yF78aeZVUpYYoDv4hb0kQwZDqCWNHzfA==",
  },
  second: {
    key: "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNt2sC0uLFtnTvbK5z7vgPK0kZLKt0RDkuYjvN3BXAkChRANCAARU9nI6vnHGq6febAePlmtY7c6W/sdj+MfaxRb+380jLMdMe62vJ3IiQ/ITTCKy0VpFyiYrLSQAcAdameRw8MYQ",
    certificate:
      "MIIBeTCCAR+gAwIBAgIUBB52EFSO8XNJH+FhO3vHtbvkqkkwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGc2Vjb25kMCAXDTI2MTEyMTExMDMwMFoYDzIxMjYxMDI4MTEwMzAwWjARMQ8wDQYDVQQDDAZzZWNvbmQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARU9nI6vnHGq6febAePlmtY7c6W/sdj+MfaxRb+380jLMdMe62vJ3IiQ/ITTCKy0VpFyiYrLSQAcAdameRw8MYQo1MwUTAdBgNVHQ4EFgQU++60wP0bneCAsrqirSi43bq3O7EwHwYDVR0jBBgwFoAU++60wP0bneCAsrqirSi43bq3O7EwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA9Xs6jYYSBMQyl0SqqplGYwWxZW94jg+VtKUx8GZQ3PwCIFE02Atls0csBIqmTMVz/rVXjXh4DxLhcFZHKIyVGM3A",
  },
};

test("renewed files are taken, once they belong together", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-tls-files-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const files = { ca: join(directory, "ca"), certificate: join(directory, "cert"), key: join(directory, "key") };
  const putKey = (of: keyof typeof pairs) => writeFileSync(files.key, pem("PRIVATE KEY", pairs[of].key));
  const certificate = (of: keyof typeof pairs) => pem("CERTIFICATE", pairs[of].certificate);
  writeFileSync(files.ca, certificate("first"));
  writeFileSync(files.certificate, certificate("first"));
  putKey("first");
  const tls = tlsFromFiles(files, silentLogger);
  const before = tls();
  assert.equal(before.certificate, certificate("first"));
  assert.equal(tls(), before);
  writeFileSync(files.certificate, certificate("second"));
  assert.equal(tls(), before, "its key is yet to come");
  putKey("second");
  const after = tls();
  assert.equal(after.certificate, certificate("second"));
  assert.equal(after.ca, before.ca);
  rmSync(files.key);
  assert.equal(tls(), after);
  assert.throws(() => tlsFromFiles(files, silentLogger), /ENOENT/);
  putKey("first");
  assert.throws(() => tlsFromFiles(files, silentLogger), /key values mismatch/);
});
