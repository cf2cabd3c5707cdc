import assert from "node:assert/strict";
import { test } from "node:test";
import { realRandom, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { apiServerIdentity } from "./default-objects.ts";
import { identityOf, keepIdentityLease } from "./identity-lease.ts";

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

test("an identity is the start of the host's hash", () => {
  assert.match(identityOf("a"), /^apiserver-[a-z2-7]{26}$/);
  assert.equal(identityOf("a"), identityOf("a"));
  assert.notEqual(identityOf("a"), identityOf("b"));
});

test("the server's Lease is renewed, and those of servers that are gone are removed within hours", async () => {
  const clock = new VirtualClock();
  const server = realServer({ clock });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  const keep = (host: string, signal: AbortSignal) =>
    keepIdentityLease(
      { transport: server.transport(apiServerIdentity), host, clock, random: realRandom, logger: silentLogger },
      signal,
    );
  const gone = new AbortController();
  const both = [keep("stays", stop.signal), keep("goes", gone.signal)];
  await clock.advance(60_000);
  const nameOf = ({ metadata }: { metadata: { name: string } }) => metadata.name;
  const { items } = (await send(server, "GET", leases)).json;
  assert.deepEqual(items.map(nameOf).sort(), [identityOf("goes"), identityOf("stays")].sort());
  assert.equal(items[0].metadata.labels["apiserver.kubernetes.io/identity"], "kube-apiserver");
  gone.abort();
  await clock.advance(2 * 3600 * 1000 + 60_000);
  assert.deepEqual((await send(server, "GET", leases)).json.items.map(nameOf), [identityOf("stays")]);
  stop.abort();
  await Promise.all([running, ...both]);
});
