/** A server under floods, over TLS: who is quiet is served, who is exempt does not notice, and nothing is left when the flood is gone. */

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { Agent } from "node:https";
import { after, before, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { realClock } from "@kubets/apimachinery";
import type { FloodReport } from "./flood-clients.fixture.ts";
import { type Answer, configMap, maps, newSession, overHttp1, overHttp2 } from "./flood-clients.ts";

/** As `--max-requests-inflight`: an ordinary user's level gets about a tenth of it to begin with, so that a flood has to queue. */
const totalSeats = 120;

let child: ChildProcess;
let port = 0;
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
const sessions: ClientHttp2Session[] = [];

function session(): ClientHttp2Session {
  const opened = newSession(port);
  sessions.push(opened);
  return opened;
}

const fixture = (name: string, ...args: string[]) => fork(new URL(name, import.meta.url).pathname, args);

before(async () => {
  child = fixture("./flood-server.fixture.ts", String(totalSeats));
  [{ port }] = (await once(child, "message")) as [{ port: number }];
  const root = overHttp1(port, agent);
  const bound = await root("root", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "dev" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "dev" }],
  });
  assert.equal(bound.status, 201, bound.text);
  for (let i = 0; i < 100; i++)
    assert.equal((await root("root", "POST", maps, configMap(`m-${i}`, "x".repeat(2000)))).status, 201);
});

after(async () => {
  for (const each of sessions) each.destroy();
  agent.destroy();
  child.disconnect();
  await once(child, "exit");
});

/** What the levels hold: requests that wait and run, and seats in use; of the exempt level without the one who asks. */
async function held(): Promise<string[]> {
  const root = overHttp1(port, agent);
  const dump = async (what: string) => {
    const { text } = await root("root", "GET", `/debug/api_priority_and_fairness/dump_${what}`);
    return text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/, */));
  };
  const levels = (await dump("priority_levels")).filter(([name, , , , waiting, executing]) => {
    return Number(waiting) > 0 || Number(executing) > (name === "exempt" ? 1 : 0);
  });
  const queues = (await dump("queues")).filter(([, , pending, executing, seats]) => {
    return Number(pending) + Number(executing) + Number(seats) > 0;
  });
  return [...levels, ...queues].map((cells) => cells.join(" "));
}

async function nothingIsHeld(): Promise<void> {
  let left: string[] = [];
  for (let attempt = 0; attempt < 1000; attempt++) {
    left = await held();
    if (left.length === 0) return;
    await realClock.sleep(50);
  }
  assert.deepEqual(left, []);
}

const quantile = (answers: readonly Answer[], q: number) => {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
};

const floodMs = 4000;
/** On a busy machine the flood takes longer: a few samples say nothing. */
const fewest = 40;

test("a flood of one user's lists and creates leaves another, and the exempt, to their work", async (t) => {
  const flood = fixture("./flood-clients.fixture.ts", String(port));
  await once(flood, "message");
  const quiet: Answer[] = [];
  const exempt: Answer[] = [];
  const [first, second, root] = [overHttp1(port, agent), overHttp2(session()), overHttp2(session())];
  // Connections are made before the time is taken.
  await Promise.all([first("quiet", "GET", maps), second("quiet", "GET", maps), root("root", "GET", maps)]);
  const began = realClock.monotonic();
  for (let i = 0; realClock.monotonic() - began < floodMs || quiet.length < fewest; i++) {
    const ask = i % 2 === 0 ? first : second;
    quiet.push(await ask("quiet", "GET", `${maps}/m-${i % 100}`));
    quiet.push(await ask("quiet", "POST", maps, configMap(`quiet-${i}`)));
    exempt.push(await root("root", "GET", `${maps}/m-${i % 100}`));
    await realClock.sleep(5);
  }
  flood.send("stop");
  const [{ served, medianMs, refused, others, retryAfter, texts }] = (await once(flood, "message")) as [FloodReport];
  t.diagnostic(
    `noisy: ${served} served, median ${Math.round(medianMs)} ms; ${refused} refused, told to wait ${retryAfter} s; ` +
      `quiet: ${quiet.length}, median ${Math.round(quantile(quiet, 0.5))} ms, p99 ${Math.round(quantile(quiet, 0.99))} ms; ` +
      `exempt: median ${Math.round(quantile(exempt, 0.5))} ms, p99 ${Math.round(quantile(exempt, 0.99))} ms`,
  );
  assert.deepEqual([...new Set(quiet.map(({ status }) => status))].sort(), [200, 201]);
  assert.deepEqual([...new Set(exempt.map(({ status }) => status))], [200]);
  assert.deepEqual(others, []);
  assert.ok(served > 0 && refused > 0);
  assert.deepEqual(texts, ["Too many requests, please try again later.\n"]);
  for (const seconds of retryAfter) assert.match(seconds ?? "", /^[1-9]\d?$/);
  // Whoever floods waits in queues of its own; the others wait for little more than what runs.
  for (const [who, answers] of [
    ["quiet", quiet],
    ["exempt", exempt],
  ] as const) {
    // A sixth of it on a machine of one's own, p99 a third; where others compete for the processor one in fifty may be late.
    assert.ok(quantile(answers, 0.5) < medianMs, `the ${who} user waits as the flood does`);
    assert.ok(quantile(answers, 0.95) < Math.max(3 * medianMs, 1000), `the ${who} user waits long at times`);
  }
  await nothingIsHeld();
});

async function socket(): Promise<TLSSocket> {
  const opened = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  opened.on("error", () => {});
  await once(opened, "secureConnect");
  return opened;
}

test("clients that vanish, before their body or their answer is through, leave no seat taken", async () => {
  const head = (method: string, path: string, length: number) =>
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer noisy\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const sockets = await Promise.all(Array.from({ length: 150 }, socket));
  for (const [i, each] of sockets.entries()) {
    if (i % 3 === 0) each.write(`${head("POST", maps, 1000)}{"half": `);
    else if (i % 3 === 1) each.pause().write(head("GET", maps, 0).repeat(10));
    else each.write(head("GET", `${maps}?watch=true`, 0));
  }
  const connection = session();
  const streams = Array.from({ length: 200 }, () => {
    const stream = connection.request({ ":path": maps, authorization: "Bearer noisy" });
    stream.on("error", () => {});
    return stream.pause();
  });
  await realClock.sleep(200); // Whatever has begun by then.
  assert.equal((await overHttp1(port, agent)("quiet", "GET", `${maps}/m-1`)).status, 200);
  for (const stream of streams.slice(0, 100)) stream.close(8);
  for (const each of sockets) each.destroy();
  connection.destroy();
  await nothingIsHeld();
});

test("a flood of watches queues for its beginning, and holds nothing afterwards", async () => {
  const connection = session();
  let begun = 0;
  let refused = 0;
  const streams = Array.from({ length: 240 }, (_, i) => {
    // Every third is never read.
    const stream = connection.request({ ":path": `${maps}?watch=true`, authorization: "Bearer noisy" });
    stream.on("error", () => {});
    stream.on("response", (headers) => {
      if (headers[":status"] === 429) refused++;
      else stream.once("data", () => begun++);
      if (i % 3 === 0) stream.pause();
    });
    return stream;
  });
  const ask = overHttp2(session());
  for (let i = 0; i < 20; i++) assert.equal((await ask("quiet", "GET", `${maps}/m-${i}`)).status, 200);
  for (let attempt = 0; attempt < 3000 && begun + refused < 160; attempt++) await realClock.sleep(20);
  assert.ok(begun >= 100, `${begun} watches have begun, ${refused} were refused`);
  await nothingIsHeldBy(() => {
    for (const stream of streams) stream.close(8);
  });
  connection.destroy();
});

async function nothingIsHeldBy(end: () => void): Promise<void> {
  end();
  await nothingIsHeld();
}
