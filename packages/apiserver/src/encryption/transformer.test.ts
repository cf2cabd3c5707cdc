import assert from "node:assert/strict";
import { test } from "node:test";
import { isEncrypted } from "@kubets/storage";
import type { EncryptionConfiguration, ProviderConfiguration, ResourceConfiguration } from "./configuration.ts";
import { codecRules, EncryptionTransformer } from "./transformer.ts";

const key = (name: string, fill = name) => ({ name, secret: Buffer.alloc(32, fill).toString("base64") });
const aescbc = (...names: string[]): ProviderConfiguration => ({ aescbc: { keys: names.map((name) => key(name)) } });
const aesgcm = (...names: string[]): ProviderConfiguration => ({ aesgcm: { keys: names.map((name) => key(name)) } });
const box = (...names: string[]): ProviderConfiguration => ({ secretbox: { keys: names.map((name) => key(name)) } });
const identity: ProviderConfiguration = { identity: {} };

async function transformer(...resources: ResourceConfiguration[]) {
  return new EncryptionTransformer(await codecRules({ resources }));
}

const path = "/registry/secrets/default/x";
const secrets = (...providers: ProviderConfiguration[]): ResourceConfiguration => ({
  resources: ["secrets"],
  providers,
});

async function codec(...providers: ProviderConfiguration[]) {
  const found = (await transformer(secrets(...providers))).codecOf(path);
  assert.ok(found);
  return found;
}

const plain = Buffer.from('{"kind":"Secret"}');
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test("a stored value begins with its provider and the name of its key", async () => {
  for (const [provider, prefix] of [
    [aescbc("one", "two"), "k8s:enc:aescbc:v1:one:"],
    [aesgcm("one", "two"), "k8s:enc:aesgcm:v1:one:"],
    [box("one", "two"), "k8s:enc:secretbox:v1:one:"],
  ] as const) {
    const { encode, decode, seal } = bound(await codec(provider, identity));
    const stored = encode(path, plain);
    assert.equal(Buffer.from(stored).subarray(0, prefix.length).toString("latin1"), prefix);
    assert.ok(!Buffer.from(stored).includes("Secret"));
    const decoded = decode(path, stored);
    assert.deepEqual([textOf(decoded.bytes), decoded.seal], [textOf(plain), seal]);
    assert.deepEqual(decode(path, plain), { bytes: plain, seal: undefined });
  }
  const { encode, seal } = bound(await codec(identity, aescbc("one")));
  assert.deepEqual([encode(path, plain), seal], [plain, undefined]);
});

const bound = (of: Awaited<ReturnType<typeof codec>>) => ({
  seal: of.seal,
  encode: of.encode.bind(of),
  decode: of.decode.bind(of),
});

test("every key and provider that is named reads, in any order; only what the first would write is current", async () => {
  const written = new Map<string, Uint8Array>();
  for (const [name, provider] of Object.entries({ a: aescbc("a"), b: aescbc("b"), gcm: aesgcm("a"), box: box("a") }))
    written.set(name, (await codec(provider)).encode(path, plain));
  written.set("plain", plain);
  const orders: [readonly ProviderConfiguration[], string][] = [
    [[aescbc("b", "a"), aesgcm("a"), box("a"), identity], "b"],
    [[aescbc("a", "b"), identity, aesgcm("a"), box("a")], "a"],
    [[identity, box("a"), aesgcm("a"), aescbc("a", "b")], "plain"],
    [[aesgcm("a"), aescbc("b"), aescbc("a"), identity, box("a")], "gcm"],
    [[box("a"), identity, aescbc("a"), aescbc("b"), aesgcm("a")], "box"],
  ];
  for (const [providers, first] of orders) {
    const chain = await codec(...providers);
    for (const [name, stored] of written) {
      const decoded = chain.decode(path, stored);
      assert.equal(textOf(decoded.bytes), textOf(plain));
      assert.equal(decoded.seal === chain.seal, name === first, `${name} where ${first} is first`);
    }
  }
});

test("a key that was replaced under its name is another, and both can be had while it is replaced", async () => {
  const old = await codec({ aesgcm: { keys: [key("a", "old")] } });
  const both = await codec({ aesgcm: { keys: [key("a", "new")] } }, { aesgcm: { keys: [key("a", "old")] } });
  const stored = old.encode(path, plain);
  const decoded = both.decode(path, stored);
  assert.equal(textOf(decoded.bytes), textOf(plain));
  assert.notEqual(decoded.seal, both.seal);
  assert.equal(decoded.seal, old.seal);
});

test("what cannot be read says so in upstream's words", async () => {
  const stored = (await codec(aesgcm("a"))).encode(path, plain);
  const cases: [readonly ProviderConfiguration[], string][] = [
    [[aescbc("a")], "no matching prefix found"],
    [[identity, aescbc("a")], "no matching prefix found"],
    [[aesgcm("b")], "no matching key was found for the provided AES transformer"],
    [[{ aesgcm: { keys: [key("a", "wrong")] } }], "cipher: message authentication failed"],
    [
      [aesgcm("b"), { aesgcm: { keys: [key("a", "wrong")] } }],
      "[no matching key was found for the provided AES transformer, cipher: message authentication failed]",
    ],
  ];
  for (const [providers, message] of cases) {
    const chain = await codec(...providers);
    assert.throws(() => chain.decode(path, stored), { message });
  }
  const moved = await codec(aesgcm("a"));
  assert.throws(() => moved.decode("/registry/secrets/default/y", stored), {
    message: "cipher: message authentication failed",
  });
  const other = (await codec(box("a"))).encode(path, plain);
  const wrongBox = await codec({ secretbox: { keys: [key("a", "wrong")] } });
  assert.throws(() => wrongBox.decode(path, other), { message: "output array was not large enough for encryption" });
  const noBox = await codec(box("b"));
  assert.throws(() => noBox.decode(path, other), {
    message: "no matching key was found for the provided Secretbox transformer",
  });
});

test("keys belong to the resources that are stored there", async () => {
  const rules = [
    "secrets",
    "services",
    "replicationcontrollers",
    "nodes",
    "events",
    "ingresses.networking.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
    "things.example.com",
  ];
  const codecs = await transformer({ resources: rules, providers: [aescbc("a")] });
  const concerned = [
    path,
    "/registry/services/specs/default/kubernetes",
    "/registry/controllers/default/x",
    "/registry/minions/node-1",
    "/registry/events/default/x.1",
    "/registry/ingress/default/x",
    "/registry/apiextensions.k8s.io/customresourcedefinitions/things.example.com",
    "/registry/example.com/things/default/x",
  ];
  const not = [
    "/registry/secretsx/default/x",
    "/registry/services/endpoints/default/kubernetes",
    "/registry/configmaps/default/secrets",
    "/registry/example.com/things2/x",
    "/registry/example.org/things/x",
    "/registry/apiregistration.k8s.io/apiservices/v1.apps",
    "/registry/masterleases/10.0.0.1",
    "/registry/ranges/servicenodeports",
    "/registry/services",
    "/registry/secrets",
    "health",
    "",
  ];
  // A second time from what was decided.
  for (const round of [1, 2]) {
    for (const known of concerned) assert.ok(codecs.codecOf(known), `${known} ${round}`);
    for (const other of not) assert.equal(codecs.codecOf(other), undefined, `${other} ${round}`);
  }
});

test("the most exact rule counts: the resource's, the group's, the one for all", async () => {
  const codecs = await transformer(
    { resources: ["secrets"], providers: [aescbc("own")] },
    { resources: ["deployments.apps"], providers: [identity] },
    { resources: ["*."], providers: [aesgcm("core")] },
    { resources: ["*.apps"], providers: [aesgcm("apps")] },
    { resources: ["*.*"], providers: [box("all")] },
  );
  const ruleOf = (resource: string) => codecs.codecOf(`/registry/${resource}/x`)?.seal?.split(":")[1];
  assert.deepEqual(
    ["secrets", "configmaps", "services/specs", "deployments", "daemonsets", "leases", "example.com/things"].map(
      ruleOf,
    ),
    ["own", "core", "core", undefined, "apps", "all", "all"],
  );
  assert.equal(ruleOf("ranges"), undefined, "what is not an object is not encrypted, whatever is said");
});

test("a rule that an earlier one leaves nothing of is refused", async () => {
  const entry = (resource: string) => ({ resources: [resource], providers: [aescbc(resource.replaceAll("*", "x"))] });
  const cases: [readonly string[], string | undefined][] = [
    [["secrets", "*."], undefined],
    [["secrets", "secrets"], undefined],
    [["secrets", "*.apps", "*.", "*.*"], undefined],
    [["*.", "deployments.apps"], undefined],
    [["*.", "secrets"], 'resource "secrets" is masked by earlier rule "*."'],
    [["*.", "*."], 'resource "*." is masked by earlier rule "*."'],
    [["*.apps", "deployments.apps"], 'resource "deployments.apps" is masked by earlier rule "*.apps"'],
    [["*.*", "secrets"], 'resource "secrets" is masked by earlier rule "*.*"'],
    [["*.*", "*.apps"], 'resource "*.apps" is masked by earlier rule "*.*"'],
    [["*.*", "*.*"], 'resource "*.*" is masked by earlier rule "*.*"'],
  ];
  for (const [resources, problem] of cases) {
    const made = codecRules({ resources: resources.map(entry) } satisfies EncryptionConfiguration);
    if (problem === undefined) await made;
    else await assert.rejects(made, { message: `error while building transformers: ${problem}` });
  }
});

test("a resource named in several entries has all their providers, in order", async () => {
  const codecs = await transformer(secrets(aescbc("a")), secrets(identity));
  const chain = codecs.codecOf(path)!;
  assert.ok(isEncrypted(chain.encode(path, plain)));
  assert.deepEqual(chain.decode(path, plain).bytes, plain);
});
