import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@kubets/apimachinery";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import { PolicyEvaluator } from "./evaluator.ts";
import { readPolicy } from "./policy.ts";

const alice = { name: "alice", groups: ["dev", "system:authenticated"] };
const apps = "/apis/apps/v1/namespaces/default/deployments";

async function policy(rules: string, rest = "") {
  return await readPolicy(
    `apiVersion: audit.k8s.io/v1\nkind: Policy\n${rest}\nrules:\n${rules}`,
    "p.yaml",
    silentLogger,
  );
}

async function levelOf(rules: string, method: string, url: string, user: typeof alice | null = alice) {
  const [path = "", query] = url.split("?");
  const info = parseRequestInfo(method, path, new URLSearchParams(query));
  return new PolicyEvaluator(await policy(rules)).evaluate(user ?? undefined, info).level;
}

const pods = "/api/v1/namespaces/default/pods";

test("the first rule that matches decides", async () => {
  const table: [rule: string, method: string, url: string, matches: boolean][] = [
    ["users: [alice]", "GET", pods, true],
    ["users: [bob]", "GET", pods, false],
    ["userGroups: [ops, dev]", "GET", pods, true],
    ["userGroups: [ops]", "GET", pods, false],
    ["verbs: [list]", "GET", pods, true],
    ["verbs: [watch]", "GET", pods, false],
    ["verbs: [watch]", "GET", `${pods}?watch=1`, true],
    ["namespaces: [default]", "GET", pods, true],
    ["namespaces: [other]", "GET", pods, false],
    ['namespaces: [""]', "GET", "/api/v1/nodes", true],
    ["namespaces: [default]", "GET", "/healthz", false],
    ['resources: [{group: "", resources: [pods]}]', "GET", pods, true],
    ['resources: [{group: "", resources: [pods]}]', "GET", `${pods}/a/log`, false],
    ["resources: [{resources: [pods/log]}]", "GET", `${pods}/a/log`, true],
    ["resources: [{resources: [pods/*]}]", "GET", `${pods}/a/log`, true],
    ["resources: [{resources: [pods/*]}]", "GET", pods, true],
    ['resources: [{resources: ["*"]}]', "GET", `${pods}/a/log`, true],
    ['resources: [{group: "*", resources: ["*/scale"]}]', "PUT", `${apps}/a/scale`, true],
    ['resources: [{group: "*", resources: ["*/scale"]}]', "PUT", `${apps}/a`, false],
    ["resources: [{group: apps}]", "GET", apps, true],
    ["resources: [{group: apps}]", "GET", pods, false],
    ["resources: [{resources: [pods], resourceNames: [a]}]", "GET", `${pods}/a`, true],
    ["resources: [{resources: [pods], resourceNames: [a]}]", "GET", `${pods}/b`, false],
    ["resources: [{resources: [pods]}]", "GET", "/healthz", false],
    ["nonResourceURLs: [/healthz*]", "GET", "/healthz/etcd", true],
    ["nonResourceURLs: [/healthz]", "GET", "/healthz/etcd", false],
    ['nonResourceURLs: ["*"]', "GET", "/version", true],
    ['nonResourceURLs: ["*"]', "GET", pods, false],
  ];
  for (const [rule, method, url, matches] of table) {
    const level = await levelOf(`- level: Request\n  ${rule}\n- level: Metadata`, method, url);
    assert.equal(level, matches ? "Request" : "Metadata", `${rule}: ${method} ${url}`);
  }
  assert.equal(await levelOf("- level: Request\n  users: [bob]", "GET", pods), "None");
  assert.equal(await levelOf("- level: Request\n  userGroups: [dev]", "GET", pods, null), "None");
});

test("what is omitted by the policy and by a rule is omitted", async () => {
  const evaluator = new PolicyEvaluator(
    await policy(
      "- level: Metadata\n  omitStages: [ResponseStarted]\n  omitManagedFields: false",
      "omitStages: [RequestReceived]\nomitManagedFields: true",
    ),
  );
  const info = parseRequestInfo("GET", pods, new URLSearchParams());
  const { omitStages, omitManagedFields } = evaluator.evaluate(alice, info);
  assert.deepEqual([...omitStages], ["RequestReceived", "ResponseStarted"]);
  assert.equal(omitManagedFields, false);
});

test("a policy that is not valid is refused in upstream's words", async () => {
  const table: [content: string, problem: string][] = [
    [
      "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []",
      "loading audit policy file: loaded illegal policy with 0 rules: from file p.yaml",
    ],
    [
      "- level: All",
      'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    ["- users: [a]", "rules[0].level: Required value"],
    [
      "- {level: None, nonResourceURLs: [healthz]}",
      `rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character`,
    ],
    [
      "- {level: None, nonResourceURLs: [/a*/b]}",
      `rules[0].nonResourceURLs[0]: Invalid value: "/a*/b": non-resource URL wildcards '*' must be the final character of the rule`,
    ],
    [
      "- {level: None, nonResourceURLs: [/a], namespaces: [b]}",
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      "- {level: None, resources: [{resourceNames: [a]}]}",
      'rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    ],
    [
      "- {level: None, omitStages: [Late]}",
      'rules[0].omitStages[0]: Invalid value: "Late": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    [
      "- {level: None, resources: [{group: apps/v1}]}",
      'rules[0].resources.group: Invalid value: "apps/v1": a lowercase RFC 1123',
    ],
    ["apiVersion: audit.k8s.io/v1beta1\nkind: Policy", "failed decoding: no kind"],
  ];
  for (const [content, problem] of table) {
    const whole = content.startsWith("-") ? `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${content}` : content;
    await assert.rejects(readPolicy(whole, "p.yaml", silentLogger), (error: Error) => {
      assert.ok(error.message.includes(problem), `${error.message}\nlacks ${problem}`);
      return true;
    });
  }
});

test("an unknown field is warned about", async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const content = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, user: [a]}]";
  const { rules } = await readPolicy(content, "p.yaml", logger);
  assert.equal(rules?.length, 1);
  assert.match(warnings[0] ?? "", /falling back to lenient decoding: strict decoding error: unknown field/);
});
