/** Which fields a write of each kind's status does not change, and so nobody comes to own by it. Source: GetResetFields of upstream's strategies. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { allDefinitions } from "./catalogue.ts";
import { approvalStrategy } from "./certificates/certificate-signing-request.ts";
import { namespaceFinalizeStrategy } from "./core/namespace.ts";
import { podEphemeralContainersStrategy, podResizeStrategy } from "./core/pod-subresources.ts";

const metadataToo = ["spec", "metadata"];

/** By plural; all others `spec`. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  apiservices: metadataToo,
  certificatesigningrequests: ["spec", "status.conditions"],
  deployments: ["spec", "metadata.labels"],
  devicetaintrules: metadataToo,
  flowschemas: metadataToo,
  podgroups: metadataToo,
  pods: ["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"],
  prioritylevelconfigurations: metadataToo,
  resourceclaims: metadataToo,
  resourcepoolstatusrequests: metadataToo,
  validatingadmissionpolicies: metadataToo,
  volumeattachments: metadataToo,
};

test("what a status leaves as it is", () => {
  const withStatus = allDefinitions().filter(({ status }) => status !== undefined);
  assert.ok(withStatus.length > 30);
  for (const { plural, version, status } of withStatus) {
    assert.deepEqual(status?.resetFields, exceptions[plural] ?? ["spec"], `${plural} ${version}`);
  }
});

test("what other subresources change", () => {
  assert.deepEqual(approvalStrategy.resetFields, ["spec", "status.certificate"]);
  assert.deepEqual(namespaceFinalizeStrategy.resetFields, ["status"]);
  assert.deepEqual(podEphemeralContainersStrategy.writableFields, [["spec", "ephemeralContainers"]]);
  assert.deepEqual(
    podResizeStrategy.writableFields?.map((path) => path.join(".")),
    [
      "spec.resources",
      "spec.containers.*.resources",
      "spec.containers.*.resizePolicy",
      "spec.initContainers.*.resources",
      "spec.initContainers.*.resizePolicy",
    ],
  );
});
