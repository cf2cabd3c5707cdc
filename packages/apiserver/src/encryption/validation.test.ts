import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationHash, readEncryptionConfiguration } from "./configuration.ts";

const key = (size: number) => Buffer.alloc(size, 7).toString("base64");
const secretOf32 = key(32);

/** `resources` of one entry with one provider. */
const config = (resources: unknown, providers: unknown = [{ identity: {} }]) => ({
  resources: [{ resources, providers }],
});

async function problem(content: object | string): Promise<string> {
  const text =
    typeof content === "string"
      ? content
      : JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", ...content });
  try {
    await readEncryptionConfiguration(text, "enc.yaml");
    return "";
  } catch (error) {
    assert.ok(!(error as Error).message.includes(secretOf32), "no secret is told");
    return (error as Error).message.replace("error while parsing file: ", "");
  }
}

const overlap =
  "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
const same = "the same resource cannot be specified multiple times";

test("names of resources that cannot be encrypted are refused as upstream does", async () => {
  const cases: [readonly string[], string][] = [
    [["secrets", "configmaps.", "things.example.com", "deployments.apps"], ""],
    [["*."], ""],
    [["*.*"], ""],
    [["*.apps", "*.", "secrets.example.com"], ""],
    [["Secrets"], '[0]: "Secrets": resource name should not contain capital letters'],
    [["*"], "[0]: \"*\": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"],
    [["pods", "apiserveripinfo"], '[1]: "apiserveripinfo": resources which do not have REST API/s cannot be encrypted'],
    [
      ["events.events.k8s.io"],
      `[0]: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
    ],
    [["*.extensions"], `[0]: "*.extensions": 'extensions' group has been removed and cannot be used for encryption`],
    [["secrets.*"], '[0]: "secrets.*": encrypting the same resource across groups is not supported'],
    [["secrets", "secrets"], `: ["secrets","secrets"]: ${same}`],
    [["secrets", "secrets."], `: ["secrets","secrets."]: ${same}`],
    [["secrets", "*."], `: ["secrets","*."]: ${overlap}`],
    [["deployments.apps", "*.apps"], `: ["deployments.apps","*.apps"]: ${overlap}`],
    [["*.*", "secrets"], `: ["*.*","secrets"]: ${overlap}`],
  ];
  for (const [resources, expected] of cases) {
    const [place, ...rest] = expected.split(": ");
    const message = expected === "" ? "" : `resources[0].resources${place}: Invalid value: ${rest.join(": ")}`;
    assert.equal(await problem(config(resources)), message, resources.join());
  }
  const twice = await problem(config(["*.apps", "*.apps"]));
  assert.ok(twice.includes(same) && twice.includes(overlap), "as upstream's loop finds it");
});

test("providers and keys are refused as upstream does", async () => {
  const at = "resources[0].providers[0]";
  const keys = (...all: object[]) => ({ keys: all });
  const cases: [object, string][] = [
    [{ aescbc: keys({ name: "a", secret: key(16) }, { name: "b", secret: key(24) }) }, ""],
    [{ secretbox: keys({ name: "a", secret: secretOf32 }) }, ""],
    [
      {},
      `${at}: Invalid value: {}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    ],
    [
      { identity: {}, secretbox: keys({ name: "a", secret: secretOf32 }) },
      `${at}: Invalid value: {"secretbox":"REDACTED","identity":"REDACTED"}: more than one provider specified in a single element, should split into different list elements`,
    ],
    [{ aesgcm: {} }, `${at}.aesgcm.keys: Required value: at least one keys is required`],
    [
      { aesgcm: keys({}) },
      `[${at}.aesgcm.keys[0].name: Required value: name is a mandatory field for a key, ${at}.aesgcm.keys[0].secret: Required value: secret is a mandatory field for a key]`,
    ],
    [
      { aescbc: keys({ name: "a", secret: "no base64" }) },
      `${at}.aescbc.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
    ],
    [
      { aescbc: keys({ name: "a", secret: key(31) }) },
      `${at}.aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 31, expected one of [16 24 32]`,
    ],
    [
      { secretbox: keys({ name: "a", secret: key(16) }) },
      `${at}.secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]`,
    ],
    [{ kms: { apiVersion: "v2", name: "k", endpoint: "unix:///k.sock", timeout: "3s" } }, ""],
    [
      { kms: { apiVersion: "v2", name: "a:b", endpoint: "https://k", timeout: "0s", cachesize: 7 } },
      `[${at}.kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':', ${at}.kms.timeout: Invalid value: 0s: timeout should be a positive value, ${at}.kms.endpoint: Invalid value: "https://k": unsupported scheme "https" for KMS provider, only unix is supported, ${at}.kms.cachesize: Invalid value: 7: cachesize is not supported in v2]`,
    ],
    [
      { kms: { apiVersion: "v3" } },
      `[${at}.kms.name: Required value: name is a mandatory field for a provider, ${at}.kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms, ${at}.kms.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported]`,
    ],
  ];
  const kms = { apiVersion: "v2", name: "k", endpoint: "unix:///k.sock" };
  assert.equal(
    await problem(config(["secrets"], [{ kms }, { kms }])),
    'resources[0].providers[1].kms.name: Invalid value: "k": duplicate KMS provider name k, names must be unique',
  );
  assert.match(await problem(config(["secrets"], [{ kms: { ...kms, timeout: "x" } }])), /time: invalid duration "x"$/);
  for (const [provider, message] of cases) assert.equal(await problem(config(["secrets"], [provider])), message);
});

test("what is no configuration, or an empty one, is named", async () => {
  const decoding = 'error decoding encryption provider configuration file "enc.yaml": ';
  assert.equal(
    await problem(""),
    'error while loading file: encryption provider configuration file "enc.yaml" is empty',
  );
  assert.equal(await problem({}), "resources: Required value: at least one resources is required");
  assert.equal(
    await problem({ resources: [{}] }),
    "[resources[0].resources: Required value: at least one resources[0].resources is required, resources[0].providers: Required value: at least one resources[0].providers is required]",
  );
  assert.equal(await problem({ resource: [] }), `${decoding}strict decoding error: unknown field "resource"`);
  assert.match(await problem({ kind: "Pod" }), /^error decoding .* no kind "Pod" is registered/);
  assert.equal(configurationHash("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
