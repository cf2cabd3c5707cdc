/**
 * Nobody can make the API server stumble: thousands of random requests to the whole chain get an answer that is no worse than 4xx, soon, and leave
 * it as it was. Every run is another; the seed is printed. KUBETS_FUZZ_REQUESTS=N runs more of them.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { type ApiServer, createKubeApiServer, ensureClusterCertificates } from "@kubets/apiserver";
import { memoryStore } from "@kubets/storage";
import { type FuzzRequest, randomRequest } from "../harness/fuzz/requests.ts";
import { seededRandom } from "../harness/random.ts";

const requests = Number(process.env["KUBETS_FUZZ_REQUESTS"] ?? 6000);
/** Of processor time: the machine's other work does not count. */
const longestMs = 1000;
const heapLimitBytes = 600 * 1024 * 1024;

/** 5xx that upstream gives as well, and that are the request's fault. */
const upstreamsOwn: readonly RegExp[] = [
  /Too large resource version/,
  /resourceVersion should not be set on objects to be created/,
  // Upstream's conformance tests look for these words, and get a 500 with them.
  /failed to create typed patch object/,
];

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function ask(server: ApiServer, request: FuzzRequest): Promise<Reply> {
  const mark = request.url.indexOf("?");
  const gone = new AbortController();
  const { body } = request;
  const response = await server.handle({
    method: request.method,
    path: mark < 0 ? request.url : request.url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : request.url.slice(mark + 1)),
    headers: { ...request.headers, authorization: "Bearer fuzz" },
    body: body === undefined ? { type: "none" } : { type: "bytes", read: async () => body },
    signal: gone.signal,
  });
  const { body: answer } = response;
  if (answer.type === "push") answer.start({ write: () => {}, end: () => {} }, gone.signal);
  gone.abort();
  const chunks =
    answer.type === "bytes"
      ? [answer.bytes]
      : answer.type === "list"
        ? answer.list.chunks
        : answer.type === "slices"
          ? await Array.fromAsync(answer.slices)
          : [];
  return { status: response.status, text: Buffer.concat(chunks).toString() };
}

function describe({ method, url, headers, body }: FuzzRequest): string {
  return `${method} ${url}\n${JSON.stringify(headers)}\n${body === undefined ? "" : Buffer.from(body).toString().slice(0, 4000)}`;
}

/** What is wrong with an answer; undefined when nothing is. */
function faultOf(request: FuzzRequest, { status, text }: Reply, ms: number): string | undefined {
  if (ms >= longestMs) return "took too long";
  if (status >= 500 && !upstreamsOwn.some((pattern) => pattern.test(text)))
    return `answered ${status} ${text.slice(0, 300)}`;
  if (status < 400 || request.method === "HEAD" || !text.startsWith("{")) return undefined;
  const answer = JSON.parse(text) as { kind?: string; code?: number };
  return answer.kind === "Status" && answer.code === status
    ? undefined
    : `a ${status} that is no Status: ${text.slice(0, 300)}`;
}

test("random requests", async (t) => {
  const random = seededRandom(t);
  const directory = mkdtempSync(join(tmpdir(), "kubets-fuzz-"));
  const stop = new AbortController();
  const base = { clock: realClock, random: realRandom, logger: silentLogger };
  const { server } = await createKubeApiServer(
    {
      store: memoryStore(),
      certificates: await ensureClusterCertificates({
        directory,
        clock: realClock,
        dnsNames: [],
        ipAddresses: ["127.0.0.1"],
      }),
      serviceCIDR: "10.96.0.0/16",
      clusterDomain: "cluster.local",
      advertiseAddress: "10.86.0.1",
      tokenFile: { text: "fuzz,fuzz,1,system:masters\n", path: "tokens" },
      ...base,
    },
    stop.signal,
  );
  const running = server.start(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
    rmSync(directory, { recursive: true, force: true });
  });
  await server.ready;
  const count = new Map<number, number>();
  const faults = new Map<string, string>();
  let slowestMs = 0;
  for (let i = 0; i < requests; i++) {
    const request = randomRequest(random);
    const before = process.cpuUsage();
    const reply = await ask(server, request);
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    slowestMs = Math.max(slowestMs, ms);
    const fault = faultOf(request, reply, ms);
    // One of a kind is enough to look at.
    if (fault !== undefined && !faults.has(fault)) faults.set(fault, `${fault}\n${ms} ms; ${describe(request)}`);
    count.set(reply.status, (count.get(reply.status) ?? 0) + 1);
  }
  t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries([...count].sort(([a], [b]) => a - b)))}`);
  t.diagnostic(
    `the slowest took ${Math.round(slowestMs)} ms; ${process.memoryUsage().heapUsed >> 20} MB of heap at the end`,
  );
  assert.equal(faults.size, 0, [...faults.values()].slice(0, 20).join("\n\n"));
  // Otherwise all that was tested is the door.
  assert.ok((count.get(201) ?? 0) > requests / 50, "some requests must have been right");
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
  assert.ok(process.memoryUsage().heapUsed < heapLimitBytes, `${process.memoryUsage().heapUsed} bytes of heap`);
  const alive = await ask(server, {
    method: "GET",
    url: "/api/v1/namespaces/default",
    headers: {},
    body: undefined,
  });
  assert.equal(alive.status, 200, alive.text);
});
