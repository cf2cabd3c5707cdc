/** Names outside the cluster: asked of the node's own resolvers, in turn. */

import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import type { Clock } from "@kubets/apimachinery";

export interface Forwarder {
  /** The raw answer to a raw query; undefined when no resolver answered. */
  forward(query: Buffer, overTcp: boolean, signal: AbortSignal): Promise<Buffer | undefined>;
}

/** For clusters without a way out. */
export const noForwarder: Forwarder = { forward: async () => undefined };

const perResolverMs = 2_000;

/** The `nameserver` lines of a resolv.conf; loopback ones are left out, as they mean nothing in the node's network. */
export async function resolversOf(resolvConf: string): Promise<string[]> {
  const text = await readFile(resolvConf, "utf8").catch(() => "");
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((m) => m[1] as string)
    .filter((ip) => !ip.startsWith("127.") && ip !== "::1");
}

/** @param resolvers addresses, asked in this order; the next one when one is silent. Answers with undefined when none answers */
export function createForwarder(resolvers: readonly string[], clock: Clock): Forwarder {
  return {
    async forward(query, overTcp, signal) {
      for (const resolver of resolvers) {
        const attempt = new AbortController();
        const timer = clock.setTimeout(() => attempt.abort(), perResolverMs);
        const either = AbortSignal.any([signal, attempt.signal]);
        try {
          return overTcp ? await askTcp(resolver, query, either) : await askUdp(resolver, query, either);
        } catch {
          if (signal.aborted) return undefined; // Otherwise this resolver is silent or unreachable: try the next.
        } finally {
          timer.cancel();
        }
      }
      return undefined;
    },
  };
}

function askUdp(resolver: string, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(resolver.includes(":") ? "udp6" : "udp4");
    let isDone = false;
    const finish = (settle: () => void) => {
      // What is given up may still fail to be sent; a socket cannot be closed twice.
      if (isDone) return;
      isDone = true;
      signal.removeEventListener("abort", onAbort);
      socket.close();
      settle();
    };
    const onAbort = () => finish(() => reject(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", (error) => finish(() => reject(error)));
    socket.on("message", (answer, from) => {
      // Only the resolver's answer to this query, not whatever else arrives.
      if (from.address === resolver && answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0))
        finish(() => resolve(answer));
    });
    socket.send(query, 53, resolver, (error) => {
      if (error) finish(() => reject(error));
    });
  });
}

function askTcp(resolver: string, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: resolver, port: 53 });
    const onAbort = () => socket.destroy(new Error("no answer in time"));
    signal.addEventListener("abort", onAbort, { once: true });
    let received: Buffer = Buffer.alloc(0);
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const whole = received.length >= 2 && received.length >= 2 + received.readUInt16BE(0);
      if (!whole) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      signal.removeEventListener("abort", onAbort);
      reject(new Error("the resolver closed the connection"));
    });
  });
}
