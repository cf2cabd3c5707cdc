/**
 * What auditing every request at Metadata, to a file, costs creates and gets: ratios to the same server without it, in one run, in turns, so that a
 * neighbour's load falls on all alike. By the clock, and by the server's processor time.
 *
 *   scripts/node bench/audit.ts [--pods 3000] [--rounds 3]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Load } from "./api/load.ts";
import { ServerProcess } from "./api/server-process.ts";
import { create, get, prepare } from "./api/workload.ts";

const { values } = parseArgs({
  options: { pods: { type: "string", default: "3000" }, rounds: { type: "string", default: "3" } },
});
const count = Number(values.pods);

interface Side {
  readonly mode: string;
  readonly server: ServerProcess;
  readonly load: Load;
  readonly used: Record<"create" | "get", { seconds: number; cpu: number }>;
}

async function start(mode: "off" | "batch" | "blocking", root: string): Promise<Side> {
  const directory = mkdtempSync(join(root, mode));
  if (mode === "off") delete process.env["AUDIT"];
  else process.env["AUDIT"] = mode;
  const server = await ServerProcess.start("./kubets-server.ts", directory, 0);
  const headers = (token: string) => ({ authorization: `Bearer ${token}` });
  const target = { url: `https://127.0.0.1:${server.port}`, tls: { rejectUnauthorized: false } };
  const admin = new Load({ ...target, headers: headers("admin") }, 1);
  await prepare(admin);
  admin.close();
  const load = new Load({ ...target, headers: headers("bench") });
  await load.run(1000, create("p"));
  return { mode, server, load, used: { create: { seconds: 0, cpu: 0 }, get: { seconds: 0, cpu: 0 } } };
}

async function measure({ server, load, used }: Side, round: number): Promise<void> {
  for (const [what, calls, make] of [
    ["create", count, create(`r${round}-`)],
    ["get", count * 3, get(1000)],
  ] as const) {
    const before = server.cpuSeconds;
    used[what].seconds += await load.run(calls, make);
    used[what].cpu += server.cpuSeconds - before;
  }
}

const root = mkdtempSync(join(tmpdir(), "kubets-bench-audit-"));
const sides: Side[] = [];
try {
  for (const mode of ["off", "batch", "blocking"] as const) sides.push(await start(mode, root));
  for (let round = 0; round < Number(values.rounds); round++) for (const side of sides) await measure(side, round);
  const off = sides[0]!;
  const rows = sides.flatMap(({ mode, used }) =>
    (["create", "get"] as const).map((what) => ({
      what: `${what}, audit ${mode}`,
      "per second": Math.round((count * Number(values.rounds) * (what === "get" ? 3 : 1)) / used[what].seconds),
      "ratio by clock": (off.used[what].seconds / used[what].seconds).toFixed(2),
      "ratio by cpu": (off.used[what].cpu / used[what].cpu).toFixed(2),
    })),
  );
  console.table(rows);
} finally {
  for (const { load, server } of sides) {
    load.close();
    await server.stop();
  }
  rmSync(root, { recursive: true });
}
