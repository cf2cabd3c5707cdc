/**
 * An API server in memory that says how long a request kept it from others. Says its port as its first message; answers every message with the
 * longest turn of its event loop since the one before. Ends when the one who started it does.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { createKubeApiServer, ensureClusterCertificates } from "@kubets/apiserver";
import { memoryStore } from "@kubets/storage";

export interface LongestTurn {
  /** Of the event loop's own thread: what the machine's other work takes does not count. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly heapMB: number;
  /** How many times as long as usual this machine takes just now for a piece of work that is always the same: 1 at least. */
  readonly slowness: number;
}

/** What {@link work}, done four times, takes on the machine that the limits were set on, in milliseconds of processor time. */
const usualWorkMs = 45;
const material = Array.from({ length: 20_000 }, (_, i) => ({
  name: `key${i}`,
  labels: { app: `a${i % 7}` },
  value: i,
}));

/** Of the kinds that requests are made of: text, objects, maps. */
function work(): number {
  const parsed = JSON.parse(JSON.stringify(material)) as typeof material;
  const byName = new Map(parsed.map((each) => [each.name, { ...each, labels: { ...each.labels, more: "x" } }]));
  return [...byName.keys()].sort().length;
}

const tickMs = 5;

class TurnMeter {
  #longest = { cpuMs: 0, wallMs: 0 };
  #last = TurnMeter.#now();

  constructor() {
    setInterval(() => this.#tick(), tickMs).unref();
  }

  static #now() {
    const { user, system } = process.threadCpuUsage();
    return { cpuMs: (user + system) / 1000, wallMs: performance.now() };
  }

  static #slowness(): number {
    const before = TurnMeter.#now();
    for (let i = 0; i < 4; i++) work();
    return Math.max(1, (TurnMeter.#now().cpuMs - before.cpuMs) / usualWorkMs);
  }

  #tick(): void {
    const now = TurnMeter.#now();
    const { cpuMs, wallMs } = this.#longest;
    this.#longest = {
      cpuMs: Math.max(cpuMs, now.cpuMs - this.#last.cpuMs),
      wallMs: Math.max(wallMs, now.wallMs - this.#last.wallMs - tickMs),
    };
    this.#last = now;
  }

  take(): LongestTurn {
    this.#tick();
    const longest = { ...this.#longest, heapMB: process.memoryUsage().heapUsed / 2 ** 20 };
    const slowness = TurnMeter.#slowness();
    this.#longest = { cpuMs: 0, wallMs: 0 };
    this.#last = TurnMeter.#now();
    return { ...longest, slowness };
  }
}

const directory = mkdtempSync(join(tmpdir(), "kubets-measured-"));
const base = { clock: realClock, random: realRandom, logger: silentLogger };
const certificates = await ensureClusterCertificates({
  directory,
  clock: realClock,
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
});
rmSync(directory, { recursive: true });
const stop = new AbortController();
const { server } = await createKubeApiServer(
  {
    store: memoryStore(),
    certificates,
    serviceCIDR: "10.96.0.0/16",
    advertiseAddress: "10.86.0.1",
    clusterDomain: "cluster.local",
    listen: { bindAddress: "127.0.0.1", port: 0 },
    tokenFile: { path: "tokens", text: 'tester,tester,1,"system:masters"\n' },
    ...base,
  },
  stop.signal,
);
const running = server.start(stop.signal);
await server.ready;
const meter = new TurnMeter();
for (let i = 0; i < 5; i++) work(); // As fast as it becomes.
process.on("message", () => process.send!(meter.take()));
process.on("disconnect", () => stop.abort());
process.send!({ port: server.port });
await running;
