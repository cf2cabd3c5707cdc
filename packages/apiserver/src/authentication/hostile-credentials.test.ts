import assert from "node:assert/strict";
import { test } from "node:test";
import { serviceAccounts } from "@kubets/api";
import { realClock, realRandom, StatusError, seededRandom, testSeed } from "@kubets/apimachinery";
import { createCertificateAuthority, createSigningKey } from "../certificates/create.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import type { Credentials } from "./authenticator.ts";
import { buildAuthentication } from "./build.ts";
import { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { parseSigningKey, parseVerificationKeys } from "./service-account-keys.ts";

const issuerUrl = "https://issuer.test";
const seed = testSeed();

test(`whatever is presented, the answer is a user or 401 (KUBETS_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const below = (most: number) => Math.floor(random.next() * most);
  const { authentication, token, certificate } = await world();
  const request = (credentials: Credentials) => authentication.request.authenticate(credentials);
  assert.equal((await request({ headers: bearer(token) }))?.name, "system:serviceaccount:ns:web");
  const segments = ["e30", "eyJpc3MiOm51bGx9", "bm90IGpzb24", "", "%00", "__proto__", "ey".repeat(2000)];
  const mutate = (text: string): string => {
    const at = below(text.length + 1);
    switch (below(5)) {
      case 0:
        return text.slice(0, at) + String.fromCharCode(33 + below(94)) + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + text.slice(at + 1 + below(20));
      case 2:
        return text
          .split(".")
          .map((part) => (below(3) === 0 ? segments[below(segments.length)]! : part))
          .join(".");
      case 3:
        return text.slice(0, at) + text.slice(at).split("").reverse().join("");
      default:
        return `${text}${segments[below(segments.length)]}`;
    }
  };
  for (let i = 0; i < 300; i++) {
    const changed = mutate(token);
    const bytes = Buffer.from(certificate);
    bytes[below(bytes.length)] = below(256);
    const protocol = `base64url.bearer.authorization.k8s.io.${changed}, v4.channel.k8s.io`;
    const tries: Credentials[] = [
      { headers: bearer(changed) },
      { headers: { "sec-websocket-protocol": protocol } },
      { headers: { authorization: mutate(`Bearer ${token}`) } },
      { headers: { "x-remote-user": "root", "x-remote-group": "system:masters" }, peerCertificate: bytes },
      { headers: {}, peerCertificate: bytes.subarray(0, below(bytes.length)), peerIntermediates: () => [bytes] },
    ];
    for (const credentials of tries) await isUserOr401(request, credentials);
  }
});

async function isUserOr401(
  request: (credentials: Credentials) => ReturnType<typeof Promise.resolve<unknown>>,
  credentials: Credentials,
): Promise<void> {
  try {
    const user = (await request(credentials)) as { name: string; groups: readonly string[] } | undefined;
    assert.ok(user !== undefined && !user.groups.includes("system:masters"), JSON.stringify(credentials.headers));
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(error instanceof StatusError && error.code === 401, `${String(error)}: ${JSON.stringify(credentials)}`);
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function world() {
  const ca = await createCertificateAuthority({ commonName: "ca" }, { now: realClock.now(), days: 2 });
  const stranger = await createCertificateAuthority({ commonName: "ca" }, { now: realClock.now(), days: 2 });
  const keys = await createSigningKey();
  const reader = new FakeReader().put(serviceAccounts, { metadata: { namespace: "ns", name: "web", uid: "u" } });
  const common = { reader, clock: realClock, random: realRandom };
  const key = parseSigningKey(keys.privateKey);
  const issuer = new ServiceAccountIssuer({ issuer: issuerUrl, key, audiences: [issuerUrl], ...common });
  const authentication = await buildAuthentication({
    ...common,
    clientCA: ca.certificate,
    requestHeader: { ca: ca.certificate, usernameHeaders: ["X-Remote-User"], groupHeaders: ["X-Remote-Group"] },
    serviceAccounts: { issuers: [issuerUrl], keys: parseVerificationKeys(keys.publicKey) },
    bootstrapTokens: true,
  });
  const token = (await issuer.createToken("ns", "web", {})).status?.token ?? "";
  const certificate = Buffer.from(stranger.certificate.replace(/-----[^-]+-----/g, ""), "base64");
  return { authentication, token, certificate };
}
