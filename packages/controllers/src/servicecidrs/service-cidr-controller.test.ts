import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ipAddresses, type ServiceCIDR, serviceCIDRs, services } from "@kubets/api";
import { isNotFound, parseCidr, parseIp, VirtualClock } from "@kubets/apimachinery";
import { startHarness } from "../testing/harness.ts";
import { serviceCidrController } from "./service-cidr-controller.ts";
import { containing, holding, overlapping } from "./service-cidr-ranges.ts";

const cidr = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });

test("ranges that hold addresses and each other", () => {
  const all = [cidr("wide", "10.0.0.0/16"), cidr("narrow", "10.0.1.0/24", "fd00::/112"), cidr("same", "10.0.1.0/24")];
  const names = (found: readonly ServiceCIDR[]) => found.map(({ metadata }) => metadata?.name);
  assert.deepEqual(names(overlapping(all, parseCidr("10.0.0.0/8")!)), ["wide", "narrow", "same"]);
  assert.deepEqual(names(overlapping(all, parseCidr("10.0.2.0/24")!)), ["wide"]);
  assert.deepEqual(names(containing(all, parseCidr("10.0.1.0/25")!)), ["wide", "narrow", "same"]);
  assert.deepEqual(names(containing(all, parseCidr("10.0.0.0/20")!)), ["wide"]);
  assert.deepEqual(names(holding(all, parseIp("10.0.1.5")!)), ["wide", "narrow", "same"]);
  // The network's own address and the broadcast address are nobody's.
  assert.deepEqual(names(holding(all, parseIp("10.0.1.0")!)), ["wide"]);
  assert.deepEqual(names(holding(all, parseIp("10.0.1.255")!)), ["wide"]);
  assert.deepEqual(names(holding(all, parseIp("fd00::ffff")!)), ["narrow"]);
  assert.deepEqual(names(holding(all, parseIp("fd00::")!)), []);
});

suite("ServiceCIDRs", { timeout: 20_000 }, () => {
  test("are ready, stay while a Service has an address of theirs alone, and go ten seconds later", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([serviceCidrController], { clock });
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    const cidrs = client.resource(serviceCIDRs);
    const stateOf = async (name: string) => {
      const { metadata, status } = await cidrs.get(name);
      const condition = status?.conditions?.find(({ type }) => type === "Ready");
      return `${metadata?.finalizers?.join() ?? ""} ${condition?.status ?? ""} ${condition?.reason ?? ""}`;
    };
    const reaches = (name: string, state: string) =>
      eventually(async () => (await stateOf(name)) === `networking.k8s.io/service-cidr-finalizer ${state}`, state);
    await reaches("kubernetes", "True ");
    await cidrs.create(cidr("more", "10.97.0.0/24"));
    await reaches("more", "True ");
    const web = { metadata: { name: "web" }, spec: { clusterIP: "10.97.0.7", ports: [{ port: 80 }] } };
    await client.resource(services).namespace("x").create(web);
    await eventually(() => harness.informers.informer(ipAddresses).lister.getByKey("10.97.0.7"), "the address");

    await cidrs.delete("more");
    await reaches("more", "False Terminating");
    const condition = (await cidrs.get("more")).status?.conditions?.[0];
    assert.match(condition?.message ?? "", /^There are still IPAddresses referencing the ServiceCIDR/);
    await harness.quiet();

    // Another that holds the address sets it free.
    await cidrs.create(cidr("wider", "10.97.0.0/16"));
    await reaches("wider", "True ");
    await harness.quiet();
    assert.ok((await cidrs.get("more")).metadata?.deletionTimestamp);
    await clock.advance(10_000);
    await eventually(() => cidrs.get("more").then(() => false, isNotFound), "it to go");

    await cidrs.delete("wider");
    await reaches("wider", "False Terminating");
    await client.resource(services).namespace("x").delete("web");
    await eventually(
      () => harness.informers.informer(ipAddresses).lister.getByKey("10.97.0.7") === undefined,
      "it freed",
    );
    await clock.advance(20_000);
    await eventually(() => cidrs.get("wider").then(() => false, isNotFound), "it to go");
  });
});
