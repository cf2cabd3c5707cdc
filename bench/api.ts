/**
 * How fast the API server is, as ratios to a bare `node:http2` server with TLS that does the same bytes: one run, one machine, 64 connections, each
 * server alone on the first core and the load on the second. A ratio is of requests per second of the server's processor time, so that neither the
 * load's own speed nor a neighbour on the machine shows in it; the rates by the clock stand beside it. Creates are measured twice: as a server does
 * them that has just started, where much of the time goes to compiling what is hot, and after that.
 *
 *   scripts/node bench/api.ts [--pods 5000] [--skip watch,memory] [--json]
 *   scripts/node bench/api.ts --kubeconfig FILE [--pods 5000]     the same load against any Kubernetes: rates by the clock
 *     --custom            of custom objects that look like pods, in the namespace `default`: for whatever serves CustomResourceDefinitions
 *     --pids 123,456      the processes that make up that server, its store's too: their processor time is counted, and they are pinned
 *
 * It makes pods in the namespace `bench`, which it leaves behind; with --kubeconfig use a cluster that may be thrown away.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { custom, prepareCustom } from "./api/custom.ts";
import { kubeconfigTarget } from "./api/kubeconfig-target.ts";
import { type Call, Load, type Target } from "./api/load.ts";
import { type Measured, Processes } from "./api/processes.ts";
import { type MemoryUse, ServerProcess } from "./api/server-process.ts";
import { watchers } from "./api/watching.ts";
import {
  applyPatch,
  create,
  get,
  list,
  listOf,
  mergePatch,
  podKind,
  podsPath,
  prepare,
  type Subject,
  strategicPatch,
} from "./api/workload.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    pods: { type: "string", default: "5000" },
    kubeconfig: { type: "string" },
    custom: { type: "boolean", default: false },
    pids: { type: "string" },
    skip: { type: "string", default: "" },
  },
});
const count = Number(values.pods);
const lists = 60;
/** Another server may give up on a list that others keep waiting for a minute. */
const listers = values.kubeconfig === undefined ? undefined : 4;
const subject: Subject = values.custom ? custom : podKind;
const what = values.custom ? "custom object" : "pod";
const skipped = new Set(values.skip.split(","));
const serverCore = 0;
const loadCore = 1;

interface Measure {
  readonly what: string;
  /** A second, by the clock. */
  readonly perSecond: number;
  /** A second of the server's processor time; undefined for a server that is not ours. */
  readonly perCpuSecond?: number;
}

const round = (n: number) => (n < 100 ? Math.round(n * 10) / 10 : Math.round(n));

async function measure(
  load: Load,
  server: Measured | undefined,
  what: string,
  calls: number,
  make: (i: number) => Call,
  connections?: number,
): Promise<Measure> {
  const before = server?.cpuSeconds ?? 0;
  const seconds = await load.run(calls, make, connections);
  const cpu = (server?.cpuSeconds ?? 0) - before;
  const measured = {
    what,
    perSecond: round(calls / seconds),
    ...(server === undefined ? {} : { perCpuSecond: round(calls / cpu) }),
  };
  // A slow server's figures come one by one.
  if (values.kubeconfig !== undefined) console.error(JSON.stringify(measured));
  return measured;
}

const justStarted = (what: string) => `create a ${what}, just started`;

/** The calls in the order in which they build on each other. */
async function verbs(load: Load, server: Measured | undefined): Promise<Measure[]> {
  const one = (what: string, calls: number, make: (i: number) => Call) => measure(load, server, what, calls, make);
  const results = [
    await one(justStarted(what), count, create("early", subject)),
    await one(`create a ${what}`, count, create("p", subject)),
  ];
  await load.run(1000, get(count, subject));
  results.push(await one(`get a ${what}`, count * 4, get(count, subject)));
  await load.run(count, (i) => ({ method: "DELETE", path: `${subject.path}/early${i}` }));
  await load.run(listers ?? lists, listOf(subject), listers);
  results.push(await measure(load, server, `list ${count} ${what}s`, lists, listOf(subject), listers));
  results.push(await one("merge patch", count, mergePatch(count, subject)));
  if (!values.custom) results.push(await one("strategic merge patch", count, strategicPatch(count, subject)));
  results.push(await one("apply patch", count, applyPatch(count, subject)));
  return results;
}

async function bareVerbs(load: Load, server: ServerProcess, podBytes: Buffer, listBytes: Buffer): Promise<Measure[]> {
  const one = (what: string, calls: number, make: (i: number) => Call) => measure(load, server, what, calls, make);
  const serve = (bytes: Buffer) => load.call(0, { method: "PUT", path: "/bytes", body: bytes });
  // What a server must at least do for a create: parse what came, and store and send what it became.
  const store = (): Call => ({ method: "POST", path: podsPath, body: podBytes });
  const results = [await one(justStarted("pod"), count, store), await one("create a pod", count, store)];
  await serve(podBytes);
  await load.run(1000, get(count));
  results.push(await one("get a pod", count * 4, get(count)));
  await serve(listBytes);
  await load.run(lists, list);
  results.push(await one(`list ${count} pods`, lists, list));
  return results;
}

async function watching(target: Target, server: Measured | undefined): Promise<object> {
  const cpuSeconds = () => server?.cpuSeconds ?? 0;
  const load = new Load(target);
  const creates = new Load(target);
  try {
    const createRate = async (prefix: string) => {
      const before = cpuSeconds();
      await creates.run(count, create(prefix, subject));
      return count / (cpuSeconds() - before);
    };
    const alone = await createRate("alone");
    const idle = await watchers(load, 100, "&labelSelector=app%3Dnothing-has-it", subject);
    const withIdle = await createRate("unseen");
    idle.close();
    const all = await watchers(load, 100, "", subject);
    const started = performance.now();
    const before = cpuSeconds();
    await Promise.all([creates.run(count, create("seen", subject)), all.seen(count)]);
    const seconds = (performance.now() - started) / 1000;
    const cpu = cpuSeconds() - before;
    all.close();
    return {
      watchers: 100,
      events: all.delivered,
      "events per second": round(all.delivered / seconds),
      "events per cpu second": round(all.delivered / cpu),
      "creates per cpu second": round(alone),
      "with 100 selecting nothing": round(withIdle),
    };
  } finally {
    load.close();
    creates.close();
  }
}

const MB = 1024 * 1024;
/** After which a server that has just started is idle. */
const settleMs = 2000;

/** A first start ever compiles the sources; what counts is every start after it. */
async function compileOnce(directory: string): Promise<void> {
  const server = await ServerProcess.start("./kubets-server.ts", directory, serverCore);
  await server.stop();
}

async function memory(directory: string): Promise<object> {
  const stored = 10_000;
  const started = await stocked(directory, stored);
  const found = await reopened(directory);
  const each = (use: MemoryUse, what: "heap" | "rss") => {
    const { before } = started;
    const bytes =
      what === "rss" ? use.rss - before.rss : use.heapUsed + use.external - before.heapUsed - before.external;
    return round(bytes / stored / 1024);
  };
  return {
    "ready, empty (ms)": Math.round(started.readyMs),
    [`ready, ${stored} pods (ms)`]: Math.round(found.readyMs),
    "idle RSS (MB)": Math.round(started.idleRss),
    "KB per created pod, live": each(started.after, "heap"),
    "KB per created pod, RSS": each(started.after, "rss"),
    "KB per pod after restart, live": each(found.untouched, "heap"),
    "KB per pod after restart, RSS": each(found.untouched, "rss"),
    "KB per listed pod after restart, live": each(found.listed, "heap"),
    "heap (MB)": Math.round(started.after.heapUsed / MB),
  };
}

/** A first start, idle and then with so many pods created. */
async function stocked(directory: string, pods: number) {
  const server = await ServerProcess.start("./kubets-server.ts", directory, serverCore, ["--expose-gc"]);
  const load = new Load(ours(server));
  try {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const idleRss = server.rssMB;
    await prepare(load);
    const before = await server.memory();
    await load.run(pods, create("stored"));
    return { readyMs: server.readyMs, idleRss, before, after: await server.memory() };
  } finally {
    load.close();
    await server.stop();
  }
}

/** A later start with what the first one stored, before and after all of it is listed. */
async function reopened(directory: string) {
  const server = await ServerProcess.start("./kubets-server.ts", directory, serverCore, ["--expose-gc"]);
  // Before anyone connects.
  const untouched = await server.memory();
  const load = new Load(ours(server));
  try {
    await load.call(0, list());
    return { readyMs: server.readyMs, untouched, listed: await server.memory() };
  } finally {
    load.close();
    await server.stop();
  }
}

function ours(server: ServerProcess, token = "admin"): Target {
  return {
    url: `https://127.0.0.1:${server.port}`,
    tls: { rejectUnauthorized: false },
    headers: { authorization: `Bearer ${token}` },
  };
}

async function compared(directory: string): Promise<object> {
  const server = await ServerProcess.start("./kubets-server.ts", directory, serverCore);
  const bare = await ServerProcess.start("./bare-server.ts", directory, serverCore);
  const admin = new Load(ours(server), 1);
  const load = new Load(ours(server, "bench"));
  const bareLoad = new Load(ours(bare, "bench"));
  try {
    await prepare(admin);
    const measured = await verbs(load, server);
    const podBytes = await load.call(0, { method: "GET", path: `${podsPath}/p${count - 1}` });
    const listBytes = await load.call(0, list());
    const least = await bareVerbs(bareLoad, bare, podBytes, listBytes);
    const createRate = measured[1]!.perCpuSecond!;
    const rows = measured.map((own) => {
      const other = least.find(({ what }) => what === own.what);
      const of = other === undefined ? createRate : other.perCpuSecond!;
      return {
        ...own,
        against: other === undefined ? "create" : "bare",
        "against per cpu second": of,
        ratio: Math.round((own.perCpuSecond! / of) * 100) / 100,
      };
    });
    const watch = skipped.has("watch") ? undefined : await watching(ours(server, "bench"), server);
    return { verbs: rows, ...(watch === undefined ? {} : { watch }) };
  } finally {
    for (const each of [admin, load, bareLoad]) each.close();
    await Promise.all([server.stop(), bare.stop()]);
  }
}

execFileSync("taskset", ["-a", "-cp", String(loadCore), String(process.pid)], { stdio: "ignore" });
const directory = mkdtempSync(join(tmpdir(), "kubets-bench-"));
let result: Record<string, unknown>;
try {
  if (values.kubeconfig !== undefined) {
    const target = await kubeconfigTarget(values.kubeconfig);
    const processes = values.pids === undefined ? undefined : new Processes(values.pids.split(","), serverCore);
    const load = new Load(target);
    await (values.custom ? prepareCustom(load) : prepare(load));
    result = { verbs: await verbs(load, processes) };
    load.close();
    if (!skipped.has("watch")) result = { ...result, watch: await watching(target, processes) };
  } else {
    await compileOnce(mkdtempSync(join(directory, "first-")));
    result = { ...(await compared(directory)) };
    if (!skipped.has("memory")) result = { ...result, memory: await memory(mkdtempSync(join(directory, "memory-"))) };
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(result));
else for (const table of Object.values(result)) console.table(table);
