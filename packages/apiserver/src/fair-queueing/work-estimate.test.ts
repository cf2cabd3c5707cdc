import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import type { ResourceTable, ServedResource } from "../server/resource-table.ts";
import { configMap, send, testServer, watch } from "../testing/server.ts";
import { FlowCounters } from "./flow-counters.ts";
import { WorkEstimator, widestWork } from "./work-estimate.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Seats of requests, at a level that is wide enough for all; the first one has what is stored measured. */
async function estimates(objects: number, bytesEach: number) {
  const server = testServer();
  for (let i = 0; i < objects; i++) {
    await send(server, "POST", maps, configMap(`m-${i}`, { text: "x".repeat(bytesEach) }));
  }
  const clock = new VirtualClock();
  const estimator = new WorkEstimator(
    () => server.resources,
    () => clock.monotonic(),
  );
  const of = (method: string, url: string) => {
    const [path = "", search = ""] = url.split("?");
    const query = new URLSearchParams(search);
    const info = parseRequestInfo(method, path, query);
    return estimator.estimate(info, query, widestWork(6000, undefined), new FlowCounters());
  };
  of("GET", maps);
  await turn();
  return { server, of, clock };
}

test("a list weighs a seat for each 100 KB that it has in memory at once", async () => {
  const { of } = await estimates(30, 100_000);
  const seats: [string, number][] = [
    // From a cache no more than a megabyte at once, whatever is selected.
    [maps, 10],
    [`${maps}?resourceVersion=0`, 10],
    [`${maps}?labelSelector=a%3Db`, 10],
    [`${maps}?limit=3`, 4],
    [`${maps}?resourceVersion=5&resourceVersionMatch=NotOlderThan&limit=3`, 4],
    // From the storage, all of it.
    [`${maps}?resourceVersion=5&resourceVersionMatch=Exact`, 31],
    [`${maps}?continue=x`, 31],
    [`${maps}?continue=x&limit=3`, 4],
    [`${maps}?resourceVersion=5&limit=3`, 4],
    // To find three that are selected, half of all may have to be looked at.
    [`${maps}?continue=x&limit=3&labelSelector=a%3Db`, 16],
    [`${maps}?fieldSelector=metadata.name%3Dm-1`, 2],
    // What cannot be read is expected to be as bad as anything.
    [`${maps}?limit=many`, 100],
    ["/api/v1/namespaces/default/nonsense", 1],
    [`${maps}/m-1`, 1],
  ];
  for (const [url, wanted] of seats) assert.equal(of("GET", url).seats, wanted, url);
});

test("a watch weighs as a list where it begins with one", async () => {
  const { of } = await estimates(5, 100_000);
  const seats: [string, number][] = [
    ["", 6],
    ["&resourceVersion=", 6],
    ["&resourceVersion=0", 6],
    ["&resourceVersion=7", 1],
    ["&resourceVersion=7&sendInitialEvents=true", 6],
    ["&resourceVersion=7&sendInitialEvents=1", 6],
    ["&resourceVersion=7&sendInitialEvents=T", 6],
    ["&resourceVersion=7&sendInitialEvents=False", 1],
    ["&resourceVersion=7&sendInitialEvents=0", 1],
  ];
  for (const [query, wanted] of seats) assert.equal(of("GET", `${maps}?watch=1${query}`).seats, wanted, query);
});

test("a write keeps seats for those who watch what it writes", async () => {
  const { server, of } = await estimates(1, 1);
  const at = async (count: number, url: string) =>
    await Promise.all(Array.from({ length: count }, () => watch(server, url)));
  const all = [...(await at(9, "/api/v1/configmaps?watch=1")), ...(await at(4, `${maps}?watch=1`))];
  all.push(...(await at(12, `${maps}?watch=1&fieldSelector=metadata.name%3Dm-0`)));
  for (const each of all) await each.until(1);
  assert.deepEqual(of("POST", maps), { seats: 1, finalSeats: 2, lingerMs: 5 });
  assert.deepEqual(of("PATCH", `${maps}/m-0`), { seats: 1, finalSeats: 3, lingerMs: 5 });
  assert.equal(of("POST", "/api/v1/namespaces/other/configmaps").finalSeats, 0);
  assert.equal(of("DELETE", maps).finalSeats, 0); // As upstream: of deletecollection nothing is known.
  for (const each of all) each.stop();
});

test("a token is no event, whoever watches its service account", () => {
  const served = { hub: { interested: () => 15 } } as unknown as ServedResource;
  const resources = { get: () => served } as unknown as ResourceTable;
  const estimator = new WorkEstimator(
    () => resources,
    () => 0,
  );
  const finalSeats = (path: string) => {
    const query = new URLSearchParams();
    const info = parseRequestInfo("POST", `/api/v1/namespaces/x/serviceaccounts${path}`, query);
    return estimator.estimate(info, query, widestWork(6000, undefined), new FlowCounters()).finalSeats;
  };
  assert.deepEqual([finalSeats(""), finalSeats("/y/token")], [2, 0]);
});

test("no request is wider than its level's nominal seats and hands allow", () => {
  const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 };
  assert.deepEqual(widestWork(49, queuing), { listSeats: 8, writeSeats: 8 });
  assert.deepEqual(widestWork(245, queuing), { listSeats: 37, writeSeats: 10 });
  assert.deepEqual(widestWork(3, queuing), { listSeats: 1, writeSeats: 1 });
  assert.deepEqual(widestWork(25, { ...queuing, handSize: 20 }), { listSeats: 1, writeSeats: 1 });
  assert.deepEqual(widestWork(13, undefined), { listSeats: 100, writeSeats: 10 });
});
