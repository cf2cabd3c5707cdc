import { test } from "node:test";
import { denyServiceExternalIPs } from "./deny-external-ips.ts";
import { admitBy, fieldsOf, refuses, requestOn } from "./testing.ts";

test("DenyServiceExternalIPs: those that are there may stay", async () => {
  const service = (...externalIPs: string[]) =>
    fieldsOf({ metadata: { namespace: "ns", name: "s" }, spec: { externalIPs } });
  const keep = { operation: "UPDATE" as const, object: service("1.2.3.4"), oldObject: service("1.2.3.4", "5.6.7.8") };
  await admitBy(denyServiceExternalIPs, requestOn("services", keep));
  await refuses(
    admitBy(denyServiceExternalIPs, requestOn("services", { object: service("1.2.3.4") })),
    'services "s" is forbidden: Use of external IPs is denied by admission control',
  );
});
