import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultConfiguration } from "./configuration.ts";
import { kubeletConfigurationFile, parseKubeletConfiguration } from "./configuration-file.ts";

const head = { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" };

describe("KubeletConfiguration", () => {
  it("reads durations and sizes, and says what it does not use", () => {
    const { configuration, ignored } = parseKubeletConfiguration({
      ...head,
      maxPods: 50,
      nodeStatusReportFrequency: "5m0s",
      containerLogMaxSize: "1Mi",
      authentication: { webhook: { enabled: true, cacheTTL: "10s" } },
      cpuManagerPolicy: "static",
    });
    assert.equal(configuration.maxPods, 50);
    assert.equal(configuration.nodeStatusReportFrequencySeconds, 300);
    assert.equal(configuration.containerLogMaxSize, 1024 * 1024);
    assert.equal(configuration.authentication?.webhook.cacheTTLSeconds, 10);
    assert.deepEqual(ignored, ["cpuManagerPolicy"]);
  });
  it("reads back what it writes", () => {
    const { configuration } = parseKubeletConfiguration(kubeletConfigurationFile(defaultConfiguration));
    const {
      seccompRoot: _,
      crashLoopBackOffMaxSeconds: __,
      evictionMonitorIntervalSeconds: ___,
      ...rest
    } = defaultConfiguration;
    assert.deepEqual(configuration, rest);
  });
  it("refuses other kinds and bad durations", () => {
    assert.throws(
      () => parseKubeletConfiguration({ kind: "Pod", apiVersion: "v1" }),
      /expected a KubeletConfiguration/,
    );
    assert.throws(() => parseKubeletConfiguration({ ...head, nodeStatusReportFrequency: "x" }), /is not a duration/);
  });
});
