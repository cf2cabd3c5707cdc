/** Several forms of the server under the same load, in turns, so that a neighbour's load falls on all alike. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Flags } from "@kubets/cmd/flags";
import { Load } from "./load.ts";
import { ServerProcess } from "./server-process.ts";
import { create, get, prepare } from "./workload.ts";

export interface Form {
  readonly name: string;
  /** Of the server. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whose requests they are. Default "bench", an ordinary user. */
  readonly token?: string;
}

interface Side {
  readonly form: Form;
  readonly server: ServerProcess;
  readonly load: Load;
  readonly used: Record<"create" | "get", { seconds: number; cpu: number }>;
}

/** How much each form has to do. */
export const turnFlags = {
  pods: { type: "number", help: "create so many pods a turn, and get three times as many", default: 3000 },
  rounds: { type: "number", help: "turns that each form of the server has", default: 3 },
} as const;

/** Prints how the others do, as ratios to the first. */
export async function takeTurns(
  forms: readonly Form[],
  { pods: count, rounds }: Flags<typeof turnFlags>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "kubets-bench-turns-"));
  const sides: Side[] = [];
  try {
    for (const form of forms) sides.push(await start(form, root));
    for (let round = 0; round < rounds; round++) for (const side of sides) await measure(side, round, count);
    const first = sides[0]!;
    const rows = sides.flatMap(({ form, used }) =>
      (["create", "get"] as const).map((what) => ({
        what: `${what}, ${form.name}`,
        "per second": Math.round((count * rounds * (what === "get" ? 3 : 1)) / used[what].seconds),
        "ratio by clock": (first.used[what].seconds / used[what].seconds).toFixed(2),
        "ratio by cpu": (first.used[what].cpu / used[what].cpu).toFixed(2),
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
}

async function start(form: Form, root: string): Promise<Side> {
  const directory = mkdtempSync(join(root, "server-"));
  const server = await ServerProcess.start("./kubets-server.ts", directory, 0, [], form.environment);
  const headers = (token: string) => ({ authorization: `Bearer ${token}` });
  const target = { url: `https://127.0.0.1:${server.port}`, tls: { rejectUnauthorized: false } };
  const admin = new Load({ ...target, headers: headers("admin") }, 1);
  await prepare(admin);
  admin.close();
  const load = new Load({ ...target, headers: headers(form.token ?? "bench") });
  await load.run(1000, create("p"));
  return { form, server, load, used: { create: { seconds: 0, cpu: 0 }, get: { seconds: 0, cpu: 0 } } };
}

async function measure({ server, load, used }: Side, round: number, count: number): Promise<void> {
  for (const [what, calls, make] of [
    ["create", count, create(`r${round}-`)],
    ["get", count * 3, get(1000)],
  ] as const) {
    const before = server.cpuSeconds;
    used[what].seconds += await load.run(calls, make);
    used[what].cpu += server.cpuSeconds - before;
  }
}
