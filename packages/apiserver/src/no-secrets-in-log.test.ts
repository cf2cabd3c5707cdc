import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { type Logger, messageOf, realClock, realRandom } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { ensureClusterCertificates } from "./certificates/cluster-certificates.ts";
import { createCertificate } from "./certificates/create.ts";
import { encryptionAtRest } from "./encryption/index.ts";
import { createKubeApiServer } from "./kube-apiserver.ts";
import type { ServerRequest } from "./request/request.ts";
import { httpsHook } from "./testing/https-hook.ts";
import { requestOf, send } from "./testing/server.ts";

/** What must not be found: every secret of the test contains it, plain or in base64. */
const mark = "Sup3rS3cretMark";
/** In each of base64's three alignments, without the ends that its neighbours colour. */
const forms = [
  mark,
  ...["", "x", "xx"].map((before) =>
    Buffer.from(before + mark)
      .toString("base64")
      .slice(4, -4),
  ),
];

function leaks(text: string): string[] {
  return forms.filter((form) => text.includes(form));
}

function recorder(): { logger: Logger; text(): string } {
  const lines: string[] = [];
  const loggerWith = (more: object): Logger => {
    const write = (message: string, values?: object) =>
      void lines.push(inspect([message, more, values], { depth: 12, maxStringLength: null, showHidden: true }));
    return {
      debug: write,
      info: write,
      warn: write,
      error: write,
      child: (values) => loggerWith({ ...more, ...values }),
    };
  };
  return { logger: loggerWith({}), text: () => lines.join("\n") };
}

test("no token, key or secret reaches the log, whatever goes wrong with it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "log-"));
  const stop = new AbortController();
  const { logger, text } = recorder();
  const base = { clock: realClock, random: realRandom, logger };
  const hook = await httpsHook(({ body }) => ({ ...body, status: { authenticated: false, error: "unknown" } }));
  const webhookFile = join(directory, "webhook.kubeconfig");
  writeFileSync(webhookFile, hook.kubeconfig("/review").replace("from-kube-apiserver", `webhook-${mark}`));
  const certificates = await ensureClusterCertificates({
    directory,
    ...base,
    dnsNames: [],
    ipAddresses: ["127.0.0.1"],
  });
  const { server } = await createKubeApiServer(
    {
      ...{ store: memoryStore(), certificates, serviceCIDR: "10.96.0.0/16", clusterDomain: "cluster.local" },
      advertiseAddress: "127.0.0.1",
      tokenFile: { text: `${mark},root,1,system:masters\n2${mark},twice,2\n2${mark},twice,2\n`, path: "tokens.csv" },
      authentication: { webhook: { configFile: webhookFile, version: "v1" } },
      ...base,
    },
    stop.signal,
  );
  const running = server.start(stop.signal);
  try {
    await server.ready;
    const headers = { authorization: `Bearer ${mark}` };
    const secrets = "/api/v1/namespaces/default/secrets";
    const secret = { metadata: { name: "s" }, stringData: { password: mark } };
    const post = (url: string, body: unknown) => send(server, "POST", url, body, { headers });
    assert.equal((await post(secrets, secret)).status, 201);
    assert.equal((await post(secrets, `{"metadata":{"name":"t"},"stringData":{"a":"${mark}"`)).status, 400);
    await post(secrets, { ...secret, metadata: { name: `bad ${mark}` } });
    await post(secrets, { ...secret, data: mark, kind: 7 });
    await post("/api/v1/namespaces/default/serviceaccounts/default/token", {
      spec: { boundObjectRef: { kind: mark } },
    });
    await post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: `other-${mark}` } });
    const jwt = [
      { alg: "RS256", kid: mark },
      { iss: "https://kubernetes.default.svc.cluster.local", sub: mark },
    ];
    const unsigned = `${jwt.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.${mark}`;
    for (const token of [`x${mark}`, `abcdef.${mark}`, unsigned, `${unsigned}.${mark}`, `y${mark} ${mark}`])
      assert.equal(
        (await send(server, "GET", secrets, undefined, { headers: { authorization: `Bearer ${token}` } })).status,
        401,
      );
    const expired = await createCertificate({ commonName: "bob", usages: ["client"] }, certificates.ca, {
      now: realClock.now() - 20 * 86_400_000,
      days: 10,
    });
    const withCertificate: ServerRequest = {
      ...requestOf("GET", secrets),
      peerCertificate: new X509Certificate(expired.certificate).raw,
    };
    assert.equal((await server.handle(withCertificate)).status, 401);
    assert.match(text(), /certificate has expired or is not yet valid/, "what is looked for would be found");
    assert.deepEqual(leaks(text()), []);
  } finally {
    stop.abort();
    await running;
    await hook.close();
    rmSync(directory, { recursive: true, force: true });
  }
  assert.deepEqual(leaks(text()), []);
});

test("an encryption configuration that is refused tells nothing of its keys", async () => {
  const directory = mkdtempSync(join(tmpdir(), "log-"));
  const stop = new AbortController();
  const { logger, text } = recorder();
  const path = join(directory, "config.yaml");
  const head =
    "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n";
  const key = (secret: string) =>
    `${head}  providers:\n  - aescbc:\n      keys:\n      - name: k\n        secret: ${secret}\n`;
  const bad = [
    key(mark),
    key(Buffer.from(`${mark}, too long`).toString("base64")),
    key(`{${mark}: 1}`),
    key(`[${mark}]`),
    key(`"${mark}`),
    key(`${mark}: ${mark}: 2`),
    key(`&${mark} *${mark}`),
    key(`|\n${mark}\n  x`),
    `{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[{"providers":[{"aescbc":{"keys":[{"secret":"${mark}"`,
    `{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[{"providers":[{"aescbc":{"keys":["${mark}"]}}]}]}`,
    `{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[{"providers":[{"aescbc":"${mark}"}]}]} ${mark}`,
  ];
  try {
    for (const content of bad) {
      writeFileSync(path, content);
      const why = await encryptionAtRest({ path, clock: realClock, logger }, stop.signal).then(() => "", messageOf);
      assert.notEqual(why, "", content);
      assert.deepEqual(leaks(why), [], content);
    }
    assert.deepEqual(leaks(text()), []);
  } finally {
    stop.abort();
    rmSync(directory, { recursive: true, force: true });
  }
});
