import { test } from "node:test";
import { acceptsAndRefuses, podOf, podWithContainer } from "./pod-test-objects.ts";

const ok = podOf();

test("volumes and mounts", () => {
  const volume = (source: object) => podOf({ volumes: [{ name: "v", ...source }] });
  const mount = (more: object) =>
    podWithContainer({ volumeMounts: [{ name: "v", mountPath: "/v", ...more }] }, { volumes: [{ name: "v" }] });
  acceptsAndRefuses([
    [
      "one source",
      volume({ emptyDir: {} }),
      volume({ emptyDir: {}, hostPath: { path: "/" } }),
      ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ],
    [
      "unique names",
      ok,
      podOf({ volumes: [{ name: "v" }, { name: "v" }] }),
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      "host paths",
      volume({ hostPath: { path: "/a" } }),
      volume({ hostPath: { path: "/a/../b" } }),
      [`spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    ],
    [
      "file modes",
      volume({ secret: { secretName: "s", defaultMode: 0o600 } }),
      volume({ configMap: { name: "c", defaultMode: 0o1000 } }),
      [
        "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
      ],
    ],
    [
      "keys to files",
      volume({ configMap: { name: "c", items: [{ key: "k", path: "a/b" }] } }),
      volume({ configMap: { name: "c", items: [{ key: "k", path: "..b" }] } }),
      [`spec.volumes[0].configMap.items[0].path: Invalid value: "..b": must not start with '..'`],
    ],
    [
      "tokens need an account",
      ok,
      volume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
      [
        "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set",
      ],
    ],
    ["a mount's volume", mount({}), mount({ name: "w" }), ['spec.containers[0].volumeMounts[0].name: Not found: "w"']],
    [
      "sub-paths",
      mount({ subPath: "a" }),
      mount({ subPath: "/a" }),
      ['spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
    ],
    [
      "propagation",
      mount({ mountPropagation: "HostToContainer" }),
      mount({ mountPropagation: "Bidirectional" }),
      [
        "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
      ],
    ],
  ]);
});
