/** A real etcd on loopback, of one member or more, in a directory of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdBinary } from "./etcd-binary.ts";

export interface EtcdClusterOptions {
  /** Default 1. */
  readonly members?: number;
  /** Files, for clients and between members. Without it, plain HTTP. */
  readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

export interface EtcdMember {
  readonly url: string;
  readonly pid: number;
  /** Ends it at once, and waits for its end. */
  kill(): Promise<void>;
  /** After {@link kill}: with the data it had. */
  restart(): Promise<void>;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly servers: readonly string[];
  stop(): Promise<void>;
}

export async function startEtcd({ members: count = 1, tls }: EtcdClusterOptions = {}): Promise<EtcdCluster> {
  const [binary, directory] = await Promise.all([etcdBinary(), mkdtemp(join(tmpdir(), "kubets-etcd-"))]);
  const ports = await freePorts(count * 2);
  const scheme = tls === undefined ? "http" : "https";
  const urlOf = (port: number) => `${scheme}://127.0.0.1:${port}`;
  const initial = Array.from({ length: count }, (_, i) => `m${i}=${urlOf(ports[2 * i + 1]!)}`).join(",");
  const members = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const [client, peer] = [urlOf(ports[2 * i]!), urlOf(ports[2 * i + 1]!)];
      const args = [
        ...["--name", `m${i}`, "--data-dir", join(directory, `m${i}`), "--log-level", "error"],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", initial, "--initial-cluster-state", "new"],
        ...(tls === undefined ? [] : tlsArgs(tls)),
      ];
      return await Member.start(binary, args, client, directory);
    }),
  );
  return {
    members,
    servers: members.map(({ url }) => url),
    async stop() {
      await Promise.all(members.map((member) => member.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function tlsArgs({ caFile, certFile, keyFile }: NonNullable<EtcdClusterOptions["tls"]>): string[] {
  return ["", "peer-"].flatMap((kind) => [
    ...[`--${kind}cert-file`, certFile, `--${kind}key-file`, keyFile],
    ...[`--${kind}trusted-ca-file`, caFile, `--${kind}client-cert-auth`],
  ]);
}

class Member implements EtcdMember {
  readonly url: string;
  readonly #start: () => ChildProcess;
  #child: ChildProcess;

  private constructor(url: string, start: () => ChildProcess) {
    this.url = url;
    this.#start = start;
    this.#child = start();
  }

  static async start(binary: string, args: readonly string[], url: string, cwd: string): Promise<Member> {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ETCD_")));
    const member = new Member(url, () => spawn(binary, args, { cwd, env, stdio: "ignore" }));
    await once(member.#child, "spawn");
    return member;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async restart(): Promise<void> {
    this.#child = this.#start();
    await once(this.#child, "spawn");
  }
}

/** Free a moment ago, all at once, so that none is given twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
