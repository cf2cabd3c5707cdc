import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { endpointSlices, nodes, pods, services } from "@kubets/api";
import { startHarness } from "../testing/harness.ts";
import { endpointSliceController } from "./endpointslice-controller.ts";

suite("EndpointSlices", { timeout: 20_000 }, () => {
  test("have the zones of their pods' nodes, and a node's change concerns its own pods' services alone", async (t) => {
    const harness = await startHarness([endpointSliceController]);
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    const zoneLabel = "topology.kubernetes.io/zone";
    for (const name of ["near", "empty"])
      await client.resource(nodes).create({ metadata: { name, labels: { [zoneLabel]: "one" } } });
    const selector = { app: "web" };
    const spec = { nodeName: "near", containers: [{ name: "c", image: "i" }] };
    await client
      .resource(services)
      .namespace("x")
      .create({ metadata: { name: "web" }, spec: { selector, ports: [{ port: 80 }] } });
    await client
      .resource(pods)
      .namespace("x")
      .create({ metadata: { name: "a", labels: selector }, spec });
    const zoneBecomes = (zone: string) =>
      eventually(async () => {
        const { items } = await client.resource(endpointSlices).namespace("x").list();
        return items[0]?.endpoints?.[0]?.zone === zone;
      }, zone);
    await zoneBecomes("one");
    await harness.quiet();

    const move = async (name: string) => {
      const zone = { metadata: { labels: { [zoneLabel]: "two" } } };
      const { metadata } = await client.resource(nodes).patch(name, "application/merge-patch+json", zone);
      await eventually(
        () =>
          harness.informers.informer(nodes).lister.getByKey(name)?.metadata?.resourceVersion ===
          metadata?.resourceVersion,
        "the event",
      );
    };
    const walks = t.mock.method(harness.informers.informer(services).lister, "list").mock;
    await move("empty");
    assert.equal(walks.callCount(), 0);
    await move("near");
    await zoneBecomes("two");
    assert.equal(walks.callCount(), 1);
  });
});
