import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { realClock, silentLogger } from "@kubets/apimachinery";
import { parseFlags } from "../lib/flags.ts";
import { configOf } from "./config.ts";
import { sections, specs } from "./flags/index.ts";
import { storeOverrides } from "./store-overrides.ts";
import { problemsOf } from "./validate.ts";
import { warningsOf } from "./warnings.ts";

const required = [
  "--data-dir=d",
  "--service-account-issuer=https://a",
  "--service-account-key-file=k",
  "--service-account-signing-key-file=k",
  "--service-cluster-ip-range=10.32.0.0/24",
];
const parse = (...args: string[]) => parseFlags(specs, args).flags;

test("no flag is in two sections", () => {
  const names = sections.flatMap(({ flags }) => Object.keys(flags));
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(new Set(names), new Set(Object.keys(specs)));
});

test("what has to be said", () => {
  assert.deepEqual(problemsOf(parse(...required)), []);
  assert.deepEqual(problemsOf(parse()), [
    "--etcd-servers must be specified, or --data-dir to keep everything in a directory without etcd",
    "service-account-issuer is a required flag",
    "service-account-key-file is a required flag",
    "--service-account-signing-key-file and --service-account-issuer are required flags",
  ]);
});

const wrong: [args: string, problem: string | RegExp][] = [
  ["--secure-port=0", "--secure-port 0 must be between 1 and 65535, inclusive. It cannot be turned off with 0"],
  ["--goaway-chance=0.5", "--goaway-chance can not be less than 0 or greater than 0.02"],
  ["--request-timeout=-1s", "--request-timeout can not be negative value"],
  ["--storage-initialization-timeout=-1s", "--storage-initialization-timeout can not be negative value"],
  ["--cors-allowed-origins=example.com", /does not pin to start\/end of host/],
  [
    "--strict-transport-security-directives=odd",
    /^--strict-transport-security-directives invalid, allowed values: max-age/,
  ],
  ["--etcd-servers=https://a:2379", /two places to keep everything in/],
  ["--storage-backend=etcd2", /^--storage-backend invalid, allowed values: etcd3/],
  ["--encryption-provider-config-automatic-reload", /must be set with --encryption-provider-config$/],
  ["--max-requests-inflight=0 --max-mutating-requests-inflight=0", /they must add up to something positive$/],
  ["--runtime-config=api/ga=false", /conflicts with --enable-priority-and-fairness=true/],
  ["--runtime-config=odd.io/v1=true", "unknown api groups odd.io"],
  ["--tls-min-version=VersionSSL3", 'unknown tls version "VersionSSL3"'],
  ["--tls-cipher-suites=ROT13", "Cipher suite ROT13 not supported or doesn't exist"],
  ["--tls-cert-file=c", "--tls-cert-file and --tls-private-key-file should be specified together"],
  ["--tls-sni-cert-key=c", "expected comma separated certificate and key file paths"],
  ["--oidc-issuer-url=https://x", /oidc-issuer-url and oidc-client-id must be specified together/],
  ["--service-account-issuer=https://a", 'service-account-issuer "https://a" is already specified'],
  ["--service-account-jwks-uri=http://x", "service-account-jwks-uri requires https scheme, parsed as: http://x"],
  ["--service-account-max-token-expiration=1m", /must be between 1 hour and 2\^32 seconds/],
  ["--authorization-mode=RBAC,Odd", 'authorization-mode "Odd" is not a valid mode'],
  ["--authorization-mode=ABAC", "authorization-mode ABAC's authorization policy file not passed"],
  ["--authorization-policy-file=p", "cannot specify --authorization-policy-file without mode ABAC"],
  ["--authorization-config=c --authorization-mode=RBAC", /^--authorization-config can not be specified when/],
  ["--audit-log-path=x --audit-log-mode=odd", /^invalid audit log mode odd/],
  ["--enable-admission-plugins=Odd", 'enable-admission-plugins plugin "Odd" is unknown'],
  ["--admission-control=AlwaysAdmit --enable-admission-plugins=AlwaysDeny", /flags are mutually exclusive$/],
  ["--service-cluster-ip-range=10.0.0.0/30", "the service cluster IP range must be at least 8 IP addresses"],
  ["--service-cluster-ip-range=10.0.0.0/24,10.1.0.0/24", /must be of different IP family$/],
  ["--service-cluster-ip-range=odd", "service-cluster-ip-range[0] is not a valid cidr"],
  ["--service-node-port-range=9-1", /^invalid argument "9-1" for "--service-node-port-range"/],
  ["--apiserver-count=0", "--apiserver-count should be a positive number, but value '0' provided"],
  ["--endpoint-reconciler-type=odd", /^--endpoint-reconciler-type must be one of/],
  [
    "--disabled-metrics=a-b",
    /^metrics\.disabledMetrics: Invalid value: \["a-b"\]: must be fully qualified metric names/,
  ],
  [
    "--show-hidden-metrics-for-version=1.34",
    "metrics.showHiddenMetricsForVersion: Invalid value: \"1.34\": must be omitted or have the value '1.35'; only the previous minor version is allowed",
  ],
  ["--allow-metric-labels=a=b", /^metrics\.allowListMapping: Invalid value: \{"a":"b"\}: must have keys with format/],
  [
    "--allow-metric-labels=a,b=c --allow-metric-labels-manifest=f",
    /^metrics: .*cannot specify both allowListMapping and/,
  ],
  ["--feature-gates=Odd=true --logging-format=xml", "unrecognized feature gate: Odd"],
  ["--egress-selector-config-file=/not/there", "egress-selector-config-file /not/there does not exist"],
  ["--tracing-config-file=/not/there", "tracing-config-file /not/there does not exist"],
  ["--logging-format=xml", 'format: Invalid value: "xml": Unsupported log format'],
];
for (const [args, problem] of wrong)
  test(`wrong: ${args}`, () => {
    const problems = problemsOf(parse(...required, ...args.split(" ")));
    assert.equal(problems.length, 1, problems.join("\n"));
    if (typeof problem === "string") assert.equal(problems[0], problem);
    else assert.match(problems[0] as string, problem);
  });

test("etcds of their own for some resources", () => {
  const problems = (...args: string[]) =>
    problemsOf(parse(...required.slice(1), "--etcd-servers=https://a:1", ...args));
  assert.deepEqual(problems("--etcd-servers-overrides=/events#https://b:1;https://c:1,apps/*#http://d:1"), []);
  assert.match(problems("--etcd-servers-overrides=x")[0] ?? "", /must be of format: group\/resource#servers/);
  assert.match(problems("--etcd-servers-overrides=/events#b:1")[0] ?? "", /b:1: want URLs/);
  const [withDirectory] = problemsOf(parse(...required, "--etcd-servers-overrides=/events#http://b:1"));
  assert.match(withDirectory ?? "", /needs --etcd-servers/);
  const overrides = storeOverrides([
    ...["/events#http://a:1", "/events#http://b:1;http://c:1", "autoscaling/*#http://d:1", "odd.io/odds#http://e:1"],
    "apiextensions.k8s.io/customresourcedefinitions#http://f:1",
  ]);
  assert.deepEqual(
    overrides.map(({ prefixes }) => prefixes),
    [[], ["/registry/events/"], ["/registry/horizontalpodautoscalers/"], [], []],
  );
  assert.deepEqual(overrides[1]?.servers, ["http://b:1", "http://c:1"]);
  const [one, all] = storeOverrides(["autoscaling/horizontalpodautoscalers#http://a:1", "autoscaling/*#http://b:1"]);
  assert.deepEqual([one?.prefixes, all?.prefixes], [["/registry/horizontalpodautoscalers/"], []]);
  assert.deepEqual(storeOverrides(["events.k8s.io/events#http://a:1"])[0]?.prefixes, []);
});

test("what does less than upstream's is said", () => {
  const warnings = (...args: string[]) => {
    const { flags, given } = parseFlags(specs, args);
    return warningsOf(flags, given);
  };
  assert.deepEqual(warnings(), []);
  assert.deepEqual(warnings("--etcd-servers-overrides=x"), []);
  assert.match(
    warnings("--etcd-servers-overrides=odd.io/odds#http://e:1")[0] ?? "",
    /^Flag --etcd-servers-overrides has no effect for odd\.io\/odds: /,
  );
  assert.deepEqual(
    warnings("--feature-gates=AllAlpha=true", "--storage-media-type=application/vnd.kubernetes.protobuf"),
    [
      "Feature gate AllAlpha=true has no effect: features are as they are by default, gate or no gate",
      "Flag --storage-media-type has no effect: objects are stored as application/json",
    ],
  );
});

async function config(t: TestContext, ...args: string[]) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-flags-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "file");
  writeFileSync(file, "text");
  const files = [
    "--service-account-key-file",
    file,
    "--service-account-signing-key-file",
    file,
    "--cert-dir",
    directory,
  ];
  const flags = parse("--advertise-address=10.0.0.1", ...files, ...args.map((arg) => arg.replaceAll("FILE", file)));
  return await configOf(flags, { clock: realClock, logger: silentLogger });
}

test("metrics: what is disabled, and which values of labels are told apart", async (t) => {
  const rules = (
    await config(t, "--disabled-metrics=a,b", "--allow-metric-labels=c,l=x,y", "--allow-metric-labels=c,m=z")
  ).metricRules;
  assert.deepEqual([...(rules?.disabled ?? [])], ["a", "b"]);
  assert.deepEqual(
    rules?.allowed.get("c"),
    new Map([
      ["l", new Set(["x", "y"])],
      ["m", new Set(["z"])],
    ]),
  );
  assert.equal((await config(t)).metricRules, undefined);
  await assert.rejects(config(t, "--allow-metric-labels-manifest=FILE"), /failed to parse allow list manifest/);
});

test("ways out and traces are read from their files", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-flags-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, kind: string, fields: object) => {
    writeFileSync(join(directory, name), JSON.stringify({ apiVersion: "apiserver.k8s.io/v1beta1", kind, ...fields }));
    return join(directory, name);
  };
  const connection = { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: "/proxy.sock" } } };
  const egress = file("e", "EgressSelectorConfiguration", { egressSelections: [{ name: "cluster", connection }] });
  const tracing = file("t", "TracingConfiguration", { samplingRatePerMillion: 7 });
  const found = await config(t, `--egress-selector-config-file=${egress}`, `--tracing-config-file=${tracing}`);
  assert.deepEqual(Object.keys(found.egress ?? {}), ["cluster", "meters"]);
  assert.equal(found.tracing?.samplingRatePerMillion, 7);
  await assert.rejects(config(t, `--tracing-config-file=${egress}`), /^Error: failed to read tracing config: /);
});

test("left out, upstream's defaults", async (t) => {
  const { listen, authentication, ...found } = await config(t);
  assert.equal(found.serviceCIDR, "10.0.0.0/24");
  assert.deepEqual(found.authorization, { modes: ["AlwaysAllow"] });
  assert.deepEqual(found.inFlight, { reading: 400, mutating: 200 });
  assert.equal(found.allowPrivileged, false);
  assert.equal(authentication?.bootstrapTokens, false);
  assert.equal(authentication?.requestHeader, undefined);
  assert.equal(listen?.port, 6443);
  assert.match(listen?.tls?.cert ?? "", /BEGIN CERTIFICATE[\s\S]*BEGIN CERTIFICATE/);
});

test("flags reach what they are about", async (t) => {
  const { listen, authentication, ...found } = await config(
    t,
    "--tls-cert-file=FILE",
    "--tls-private-key-file=FILE",
    "--tls-min-version=VersionTLS13",
    "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "--tls-curve-preferences=29,23",
    "--tls-sni-cert-key=FILE,FILE:a.example,*.b.example",
    "--http2-max-streams-per-connection=7",
    "--requestheader-client-ca-file=FILE",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-allowed-names=proxy",
    "--client-ca-file=FILE",
    "--oidc-issuer-url=https://i",
    "--oidc-client-id=c",
    "--oidc-required-claim=a=b",
    "--authorization-mode=Node,RBAC",
    "--kubelet-client-certificate=FILE",
    "--kubelet-client-key=FILE",
    "--max-requests-inflight=0",
    "--enable-priority-and-fairness=false",
    "--enable-admission-plugins=AlwaysPullImages",
    "--disable-admission-plugins=LimitRanger",
    "--endpoint-reconciler-type=none",
    "--external-hostname=api.example",
  );
  const files = listen?.tls?.files;
  assert.match(files?.cert ?? "", /\/file$/);
  assert.deepEqual(listen?.tls, {
    cert: "text",
    key: "text",
    files,
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    curves: "X25519:P-256",
    named: [{ cert: "text", key: "text", files, names: ["a.example", "*.b.example"] }],
  });
  assert.equal(listen?.maxStreams, 7);
  assert.deepEqual(authentication?.requestHeader?.allowedNames, ["proxy"]);
  assert.equal(authentication?.clientCA, "text");
  assert.deepEqual(authentication?.oidc?.requiredClaims, { a: "b" });
  assert.deepEqual(found.authorization, { modes: ["Node", "RBAC"] });
  assert.deepEqual([found.kubelet?.cert, found.kubelet?.ca], ["text", undefined]);
  assert.equal(found.inFlight?.reading, Number.POSITIVE_INFINITY);
  assert.deepEqual([found.admission?.enable, found.admission?.disable], [["AlwaysPullImages"], ["LimitRanger"]]);
  assert.equal(found.publishEndpoints, false);
  assert.equal(found.externalHostname, "api.example");
});
