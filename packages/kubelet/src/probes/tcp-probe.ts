import { connect } from "node:net";
import type { Clock } from "@kubets/apimachinery";
import { dialError } from "./http-get.ts";
import type { ProbeAnswer } from "./prober.ts";

/** Succeeds when a connection can be opened. Source: pkg/probe/tcp. */
export function tcpProbe(
  host: string,
  port: number,
  options: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<ProbeAnswer> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal: options.signal });
    const finish = (answer: ProbeAnswer) => {
      timer.cancel();
      socket.destroy();
      resolve(answer);
    };
    const timer = options.clock.setTimeout(
      () => finish({ result: "failure", output: `dial tcp ${address}: i/o timeout` }),
      options.timeoutMs,
    );
    socket.once("connect", () => finish({ result: "success", output: "" }));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      timer.cancel();
      if (options.signal.aborted) return reject(options.signal.reason);
      finish({ result: "failure", output: dialError(error, address) });
    });
  });
}
