import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import type { Answer } from "../request/request.ts";
import type { ApiServer } from "../server.ts";
import { realServer } from "../testing/real-server.ts";
import { configMap, requestOf, send, watch } from "../testing/server.ts";

/** The value of the first series that begins like this. */
async function sample(server: ApiServer, start: string): Promise<number | undefined> {
  const { text } = await send(server, "GET", "/metrics");
  const line = text.split("\n").find((each) => each.startsWith(start));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

const labels = (more: string) => `component="apiserver",${more}`;

test("requests by verb, scope and code; their times, and the sizes of reads", async () => {
  const server = realServer({ clock: new VirtualClock() });
  const url = "/api/v1/namespaces/default/configmaps";
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  await send(server, "POST", url, configMap("a"));
  await send(server, "POST", `${url}?dryRun=All`, configMap("b"));
  await send(server, "GET", `${url}/a`);
  await send(server, "GET", `${url}/missing`);
  await send(server, "GET", url);
  await send(server, "GET", "/api/v1/configmaps");
  await send(server, "PATCH", `${url}/a?fieldManager=m`, configMap("a"), {
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  await send(server, "DELETE", url);
  await send(server, "GET", `${url}/a/madeup`);
  await send(server, "GET", "/made/up");
  const about = (scope: string, verb: string) =>
    `group="",resource="configmaps",scope="${scope}",subresource="",verb="${verb}",version="v1"`;
  const total = (code: number, dryRun: string, scope: string, verb: string) =>
    sample(server, `apiserver_request_total{code="${code}",${labels(`dry_run="${dryRun}",${about(scope, verb)}`)}}`);
  assert.equal(await total(201, "", "resource", "POST"), 1);
  assert.equal(await total(201, "All", "resource", "POST"), 1);
  assert.equal(await total(200, "", "resource", "GET"), 1);
  assert.equal(await total(404, "", "resource", "GET"), 2);
  assert.equal(await total(200, "", "namespace", "LIST"), 1);
  assert.equal(await total(200, "", "cluster", "LIST"), 1);
  assert.equal(await total(200, "", "resource", "APPLY"), 1);
  assert.equal(await total(200, "", "namespace", "DELETE"), 1);
  const histogram = (name: string, more: string) => sample(server, `apiserver_${name}_count{${labels(more)}}`);
  assert.equal(await histogram("request_duration_seconds", `dry_run="All",${about("resource", "POST")}`), 1);
  assert.equal(await histogram("request_sli_duration_seconds", about("resource", "POST")), 1);
  assert.equal(await histogram("response_sizes", about("namespace", "LIST")), 1);
  assert.equal(await histogram("response_sizes", about("resource", "POST")), undefined);
  const { text } = await send(server, "GET", "/metrics");
  assert.doesNotMatch(text, /madeup|\/made\/up/, "nobody makes series up");
  assert.match(text, /^apiserver_resource_objects\{group="",resource="namespaces"\} 1$/m);
  assert.match(text, /^apiserver_storage_objects\{resource="deployments\.apps"\} 0$/m);
  assert.match(text, /^etcd_request_duration_seconds_count\{group="",operation="create",resource="configmaps"\} 1$/m);
  assert.match(
    text,
    /^apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="false",/m,
  );
  assert.match(text, /^authentication_attempts\{result="success"\} \d+$/m);
  assert.match(text, /^authorization_attempts_total\{result="allowed"\} \d+$/m);
  assert.match(text, /^kubernetes_build_info\{.*git_version="v1\.36\.0".*\} 1$/m);
  assert.match(text, /^process_cpu_seconds_total \d/m);
  assert.match(text, /^apiserver_current_inflight_requests\{request_kind="readOnly"\} 1$/m);
  for (const line of text.trimEnd().split("\n"))
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ |[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? [-+0-9.e]+$)/, line);
});

test("watches are counted while they last, and when they end; so are their events", async () => {
  const server = realServer();
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  const url = "/api/v1/namespaces/default/endpoints";
  const watching = await watch(server, `${url}?watch=true`);
  await send(server, "POST", url, { metadata: { name: "a" } });
  await watching.until(1);
  const running = 'apiserver_longrunning_requests{component="apiserver",group="",resource="endpoints",';
  assert.equal(await sample(server, running), 1);
  assert.equal(await sample(server, 'apiserver_watch_events_total{group="",resource="endpoints",version="v1"}'), 1);
  const ended =
    'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="endpoints",scope="namespace",subresource="",verb="WATCH"';
  assert.equal(await sample(server, ended), undefined);
  const sizes = 'apiserver_watch_events_sizes_count{group="",resource="endpoints",version="v1"}';
  assert.equal(await sample(server, sizes), 1);
  watching.stop();
  assert.equal(await sample(server, running), 0);
  assert.equal(await sample(server, ended), 1);
  const deprecated = 'apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints"';
  assert.equal(await sample(server, deprecated), 1);
});

test("a connection that is taken over runs from its start to its end, and is not in flight", async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const exec = async (): Promise<Answer> => {
    begun.resolve();
    await held.promise;
    return { status: 101, content: { type: "hijacked" } };
  };
  const server = realServer({ subresources: { "/pods/exec": exec }, clock: new VirtualClock() });
  const request = requestOf("POST", "/api/v1/namespaces/default/pods/p/exec");
  const running = 'apiserver_longrunning_requests{component="apiserver",group="",resource="pods",';
  const answered = server.handle({ ...request, upgrade: { socket: new PassThrough(), head: new Uint8Array() } });
  await begun.promise;
  assert.equal(await sample(server, running), 1);
  assert.equal(await sample(server, 'apiserver_current_inflight_requests{request_kind="mutating"'), 0);
  held.resolve();
  assert.equal((await answered).body.type, "none");
  assert.equal(await sample(server, running), 0);
});
