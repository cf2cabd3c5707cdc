/**
 * Five hundred clients of the user "noisy", half of them over HTTP/1.1, in a process of their own, so that they take nothing of whoever measures. They
 * ask until a message comes, and then say how it went. Usage: flood-clients.fixture.ts PORT
 */

import { Agent } from "node:https";
import { realClock } from "@kubets/apimachinery";
import { type Answer, type Ask, configMap, maps, newSession, overHttp1, overHttp2 } from "./flood-clients.ts";

export interface FloodReport {
  readonly served: number;
  readonly medianMs: number;
  readonly refused: number;
  readonly others: readonly number[];
  /** Of those refused, each once. */
  readonly retryAfter: readonly (string | undefined)[];
  readonly texts: readonly string[];
}

const clientCount = 500;
const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
const sessions = Array.from({ length: 8 }, () => newSession(port));
const stop = new AbortController();
const answers: Omit<Answer, "text">[] = [];
const texts = new Set<string>();

/** Who is refused comes back after a moment, sooner than asked to. */
async function keepAsking(ask: Ask, number: number): Promise<void> {
  for (let i = 0; !stop.signal.aborted; i++) {
    const { text, ...answer } = await (i % 4 === 3
      ? ask("noisy", "GET", `${maps}?labelSelector=${"noise%3D"}1`)
      : ask("noisy", "POST", maps, configMap(`noise-${number}-${i}`)));
    answers.push(answer);
    // All are connected.
    if (answers.length === 2 * clientCount) process.send?.("flooding");
    if (answer.status !== 429) continue;
    texts.add(text);
    await realClock.sleep(300);
  }
}

function report(): FloodReport {
  const served = answers.filter(({ status }) => status < 300).map(({ ms }) => ms);
  const refused = answers.filter(({ status }) => status === 429);
  return {
    served: served.length,
    medianMs: served.sort((a, b) => a - b)[Math.floor(served.length / 2)] ?? 0,
    refused: refused.length,
    others: [...new Set(answers.map(({ status }) => status))].filter((status) => status >= 300 && status !== 429),
    retryAfter: [...new Set(refused.map(({ retryAfter }) => retryAfter))],
    texts: [...texts],
  };
}

const clients = Array.from({ length: clientCount }, (_, i) =>
  keepAsking(i % 2 === 0 ? overHttp1(port, agent) : overHttp2(sessions[i % sessions.length]!), i),
);
process.once("message", async () => {
  stop.abort();
  await Promise.all(clients);
  process.send?.(report());
  for (const session of sessions) session.destroy();
  agent.destroy();
  process.disconnect?.();
});
