/**
 * How fast the API server is, as ratios to a bare `node:http2` server with TLS that does the same bytes: one run, one machine, 64 connections, both
 * servers on the first core and the load on the second. The two have their turns in many small rounds, and a ratio is of requests per second of the
 * server's processor time, so that neither the load's own speed nor a neighbour on the machine shows in it; the rates by the clock stand beside it.
 * Creates and watches are measured twice: as a server does them that has just started, where much of the time goes to compiling what is hot, and
 * after that.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { flagsOf, jsonFlag } from "./lib/program.ts";

const about = `How fast the API server is, as ratios to a bare HTTPS server that does the same bytes; or, with --kubeconfig, any API server by the clock.
It makes pods in the namespace bench, which it leaves behind: with --kubeconfig use a cluster that may be thrown away.`;
const flags = flagsOf("api.ts", about, {
  pods: { type: "number", help: "how many to make, get, list, patch and watch", default: 5000 },
  skip: { type: "strings", help: "watch, memory, or both: leave that out", default: [] as string[] },
  kubeconfig: { type: "string", value: "FILE", help: "the same load against this Kubernetes" },
  custom: {
    type: "boolean",
    help: "custom objects that look like pods, in the namespace default: for whatever serves CustomResourceDefinitions",
    default: false,
  },
  pids: {
    type: "strings",
    value: "123,456",
    help: "the processes of that server, and of its store: their processor time is counted, and they are pinned",
  },
  json: jsonFlag,
});
const count = flags.pods;
const lists = 60;
/** Another server may give up on a list that others keep waiting for a minute. */
const listers = flags.kubeconfig === undefined ? undefined : 4;
/** Creates at once on each connection while others watch: with one alone, server and load wait for each other a sixth of the time. */
const inFlight = 4;
const subject: Subject = flags.custom ? custom : podKind;
const what = flags.custom ? "custom object" : "pod";
const skipped = new Set(flags.skip);
const serverCore = 0;
const loadCore = 1;

/** Who is asked. */
interface Side {
  readonly load: Load;
  /** Undefined for a server whose processes nobody told. */
  readonly server: Measured | undefined;
}

/** What is asked of it. */
interface Calls extends Side {
  readonly make: (i: number) => Call;
}

interface Measure {
  readonly what: string;
  /** A second, by the clock. */
  readonly perSecond: number;
  /** A second of the server's processor time. */
  readonly perCpuSecond?: number;
}

interface Row extends Measure {
  readonly against?: string;
  readonly "against per cpu second"?: number;
  readonly ratio?: number;
}

const rounds = 20;
const round = (n: number) => (n < 100 ? Math.round(n * 10) / 10 : Math.round(n));

/** So many calls of each side, in turns of a few. */
async function inTurns(what: string, calls: number, sides: readonly Calls[], connections?: number): Promise<Measure[]> {
  const used = sides.map(() => ({ seconds: 0, cpu: 0 }));
  for (let turn = 0; turn < rounds; turn++) {
    const first = Math.floor((calls * turn) / rounds);
    const last = Math.floor((calls * (turn + 1)) / rounds);
    for (const [i, { load, server, make }] of sides.entries()) {
      const before = server?.cpuSeconds ?? 0;
      used[i]!.seconds += await load.run(last - first, (n) => make(first + n), { connections });
      used[i]!.cpu += (server?.cpuSeconds ?? 0) - before;
    }
  }
  return used.map(({ seconds, cpu }) => ({
    what,
    perSecond: round(calls / seconds),
    ...(cpu === 0 ? {} : { perCpuSecond: round(calls / cpu) }),
  }));
}

/** One row of the table: `own` alone, or beside what it is held against. */
async function row(
  what: string,
  calls: number,
  own: Calls,
  other?: Calls & { readonly name: string },
  connections?: number,
): Promise<Row> {
  const [measured, beside] = await inTurns(what, calls, other === undefined ? [own] : [own, other], connections);
  // A slow server's figures come one by one.
  if (flags.kubeconfig !== undefined) console.error(JSON.stringify(measured));
  if (beside === undefined || other === undefined) return measured!;
  const of = beside.perCpuSecond!;
  const ratio = Math.round((measured!.perCpuSecond! / of) * 100) / 100;
  return { ...measured!, against: other.name, "against per cpu second": of, ratio };
}

/** The calls in the order in which they build on each other. */
async function verbs(side: Side, bare?: Side): Promise<Row[]> {
  const { load } = side;
  const own = (make: Calls["make"]): Calls => ({ ...side, make });
  const than = (make: Calls["make"]) => (bare === undefined ? undefined : { ...bare, make, name: "bare" });
  const serve = async (bytes: Buffer) =>
    void (await bare?.load.call(0, { method: "PUT", path: "/bytes", body: bytes }));
  await load.call(0, create("sample", subject)(0));
  const sample = await load.call(0, { method: "GET", path: `${subject.path}/sample0` });
  // What a server must at least do for a create: parse what came, and store and send what it became.
  const store = than(() => ({ method: "POST", path: podsPath, body: sample }));
  const rows = [
    await row(`create a ${what}, just started`, count, own(create("early", subject)), store),
    await row(`create a ${what}`, count, own(create("p", subject)), store),
  ];
  await serve(sample);
  for (const each of [load, bare?.load]) await each?.run(1000, get(count, subject));
  rows.push(await row(`get a ${what}`, count * 4, own(get(count, subject)), than(get(count, subject))));
  await load.run(1, () => ({ method: "DELETE", path: `${subject.path}/sample0` }));
  await load.run(count, (i) => ({ method: "DELETE", path: `${subject.path}/early${i}` }));
  const listed = listOf(subject);
  await serve(await load.call(0, listed()));
  for (const each of [load, bare?.load]) await each?.run(listers ?? lists, listed, { connections: listers });
  rows.push(await row(`list ${count} ${what}s`, lists, own(listed), than(listed), listers));
  const beside = (name: string) =>
    bare === undefined ? undefined : { ...side, make: create(`beside-${name}-`, subject), name: "create" };
  rows.push(await row("merge patch", count, own(mergePatch(count, subject)), beside("merge")));
  if (!flags.custom)
    rows.push(await row("strategic merge patch", count, own(strategicPatch(count, subject)), beside("strategic")));
  rows.push(await row("apply patch", count, own(applyPatch(count, subject)), beside("apply")));
  return rows;
}

async function watching(target: Target, server: Measured | undefined): Promise<object[]> {
  const cpuSeconds = () => server?.cpuSeconds ?? 0;
  const load = new Load(target);
  const creates = new Load(target);
  try {
    const delivered = async (what: string, prefix: string) => {
      const all = await watchers(load, 100, "", subject);
      const started = performance.now();
      const before = cpuSeconds();
      await Promise.all([creates.run(count, create(prefix, subject), { inFlight }), all.seen(count)]);
      const seconds = (performance.now() - started) / 1000;
      const cpu = cpuSeconds() - before;
      all.close();
      const perCpuSecond = cpu === 0 ? {} : { perCpuSecond: round(all.delivered / cpu) };
      return { what, perSecond: round(all.delivered / seconds), ...perCpuSecond };
    };
    const events = [
      await delivered("events to 100 watchers, just started", "early-seen"),
      await delivered("events to 100 watchers", "seen"),
    ];
    /** Enough for what 100 watchers might cost to stand out from what collections of garbage do. */
    const turns = 20;
    const each = Math.ceil(count / 5);
    const [alone, unseen] = [{ cpu: 0 }, { cpu: 0 }];
    const created = async (used: { cpu: number }, prefix: string) => {
      const before = cpuSeconds();
      await creates.run(each, create(prefix, subject), { inFlight });
      used.cpu += cpuSeconds() - before;
    };
    for (let turn = 0; turn < turns; turn++) {
      await created(alone, `alone${turn}-`);
      const idle = await watchers(load, 100, "&labelSelector=app%3Dnothing-has-it", subject);
      await created(unseen, `unseen${turn}-`);
      idle.close();
    }
    const creating = (what: string, { cpu }: { cpu: number }) => ({
      what,
      ...(cpu === 0 ? {} : { perCpuSecond: round((turns * each) / cpu) }),
    });
    return [
      ...events,
      creating("creates, nobody watching", alone),
      creating("creates, 100 watchers selecting nothing", unseen),
    ];
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
  const ready = await firstStarts(directory);
  const started = await stocked(directory, stored);
  const found = await reopened(directory);
  const each = (use: MemoryUse, what: "heap" | "rss") => {
    const { before } = started;
    const bytes =
      what === "rss" ? use.rss - before.rss : use.heapUsed + use.external - before.heapUsed - before.external;
    return round(bytes / stored / 1024);
  };
  return {
    "ready, empty (ms)": ready,
    "ready, empty, one core (ms)": Math.round(started.readyMs),
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

/** First starts, each in a directory of its own, and not held to one core. @returns milliseconds, the median of seven */
async function firstStarts(directory: string): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < 7; i++) {
    const server = await ServerProcess.start("./kubets-server.ts", mkdtempSync(join(directory, "start-")), undefined);
    took.push(server.readyMs);
    await server.stop();
  }
  return Math.round(took.sort((a, b) => a - b)[3]!);
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
    const rows = await verbs({ load, server }, { load: bareLoad, server: bare });
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
  if (flags.kubeconfig !== undefined) {
    const target = await kubeconfigTarget(flags.kubeconfig);
    const processes = flags.pids === undefined ? undefined : new Processes(flags.pids, serverCore);
    const load = new Load(target);
    await (flags.custom ? prepareCustom(load) : prepare(load));
    result = { verbs: await verbs({ load, server: processes }) };
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
if (flags.json) console.log(JSON.stringify(result));
else for (const table of Object.values(result)) console.table(table);
