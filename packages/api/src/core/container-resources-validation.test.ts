import { test } from "node:test";
import { acceptsAndRefuses, podWithContainer } from "./pod-test-objects.ts";

test("resources", () => {
  const resources = (requests: Record<string, string>, limits: Record<string, string> = {}) =>
    podWithContainer({ resources: { requests, limits } });
  acceptsAndRefuses([
    [
      "requests within limits",
      resources({ cpu: "1" }, { cpu: "1" }),
      resources({ cpu: "2" }, { cpu: "1" }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      "known names",
      resources({ memory: "1Gi" }),
      resources({ memori: "1Gi" }),
      [
        'spec.containers[0].resources.requests[memori]: Invalid value: "memori": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[memori]: Invalid value: "memori": must be a standard resource for containers',
      ],
    ],
    [
      "not negative",
      resources({ cpu: "0" }),
      resources({ cpu: "-1" }),
      ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      "devices are whole and not overcommitted",
      resources({}, { "example.com/gpu": "1" }),
      resources({ "example.com/gpu": "1" }),
      ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ],
    [
      "huge pages need memory",
      resources({}, { "hugepages-2Mi": "4Mi", memory: "1Gi" }),
      resources({}, { "hugepages-2Mi": "4Mi" }),
      ["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
    ],
    [
      "claims",
      podWithContainer(
        { resources: { claims: [{ name: "gpu" }] } },
        { resourceClaims: [{ name: "gpu", resourceClaimName: "g" }] },
      ),
      podWithContainer({ resources: { claims: [{ name: "gpu" }] } }),
      [
        'spec.containers[0].resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty',
      ],
    ],
  ]);
});
