import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Secret } from "@kubets/api";
import { VirtualClock } from "@kubets/apimachinery";
import { CriError, type Image } from "@kubets/cri";
import { PodEvents } from "../pods/pod-events.ts";
import { BackOff } from "../runtime/back-off.ts";
import type { StartError } from "../runtime/start-error.ts";
import { SimulatedImages } from "../simulated/simulated-images.ts";
import { testContainer, testPod } from "../testing/pods.ts";
import { ImageManager } from "./image-manager.ts";
import { registryOf, withDefaultTag } from "./image-reference.ts";
import { credentialsFor } from "./pull-secrets.ts";

describe("ImageManager", () => {
  let clock: VirtualClock;
  let images: SimulatedImages;
  let manager: ImageManager;
  let told: string[];
  let fails = false;
  beforeEach(() => {
    clock = new VirtualClock();
    images = new SimulatedImages(clock, 0);
    told = [];
    fails = false;
    const { pullImage } = images;
    images.pullImage = async (request, options) => {
      if (fails) throw new CriError("PullImage", "NOT_FOUND", "no such image");
      return pullImage(request, options);
    };
    const events = new PodEvents({ event: (_, type, reason, message) => told.push(`${type} ${reason}: ${message}`) });
    manager = new ImageManager({
      images,
      clock,
      events,
      backOff: new BackOff(clock, 10_000, 300_000),
      serializePulls: true,
    });
  });
  const ensure = (imagePullPolicy: string, image = "app"): Promise<Image> => {
    const container = testContainer("app", { image, imagePullPolicy });
    const signal = new AbortController().signal;
    return manager.ensure({
      pod: testPod(),
      container,
      pullSecrets: async () => [],
      sandboxConfig: {} as never,
      signal,
    });
  };
  const reasonOf = (call: Promise<Image>) =>
    call.then(
      () => "",
      (error: StartError) => error.reason,
    );

  it("pulls what is not there, once", async () => {
    await ensure("IfNotPresent");
    await ensure("IfNotPresent");
    assert.deepEqual(told, [
      'Normal Pulling: Pulling image "app"',
      'Normal Pulled: Successfully pulled image "app" in 0s (0s including waiting). Image size: 10000000 bytes.',
      'Normal Pulled: Container image "app" already present on machine and can be accessed by the pod',
    ]);
  });

  it("always pulls when told to, and never when told not to", async () => {
    await ensure("Always");
    await ensure("Always");
    assert.equal(told.filter((text) => text.startsWith("Normal Pulling")).length, 2);
    await ensure("Never");
    assert.equal(await reasonOf(ensure("Never", "other:1")), "ErrImageNeverPull");
    assert.equal(
      told.at(-1),
      'Warning ErrImageNeverPull: Container image "other:1" is not present with pull policy of Never',
    );
  });

  it("backs off from a pull that fails", async () => {
    fails = true;
    assert.equal(await reasonOf(ensure("IfNotPresent")), "ErrImagePull");
    assert.equal(
      told.at(-1),
      'Warning Failed: Failed to pull image "app": rpc error: code = NotFound desc = no such image',
    );
    assert.equal(await reasonOf(ensure("IfNotPresent")), "ImagePullBackOff");
    assert.equal(told.at(-1), 'Normal BackOff: Back-off pulling image "app"');
    await clock.advance(10_000);
    assert.equal(await reasonOf(ensure("IfNotPresent")), "ErrImagePull");
    await clock.advance(10_000);
    assert.equal(await reasonOf(ensure("IfNotPresent")), "ImagePullBackOff", "the delay has doubled");
    await clock.advance(10_000);
    fails = false;
    await ensure("IfNotPresent");
  });

  it("refuses a name that is none", async () => {
    assert.equal(await reasonOf(ensure("Always", "Not A Name")), "InvalidImageName");
  });
});

describe("image references", () => {
  for (const [image, want] of [
    ["nginx", "nginx:latest"],
    ["nginx:1", "nginx:1"],
    ["host:5000/a/b", "host:5000/a/b:latest"],
    [`a@sha256:${"0".repeat(64)}`, `a@sha256:${"0".repeat(64)}`],
    ["UPPER", undefined],
    ["a:b:c", undefined],
  ] as const) {
    it(image, () => assert.equal(withDefaultTag(image), want));
  }
  it("registries", () => {
    assert.deepEqual(["nginx", "lib/nginx", "quay.io/a/b", "localhost/a", "h:5000/a"].map(registryOf), [
      "docker.io",
      "docker.io",
      "quay.io",
      "localhost",
      "h:5000",
    ]);
  });
});

it("credentialsFor picks the registry's, the most specific first", () => {
  const auths = {
    "https://index.docker.io/v1/": { auth: Buffer.from("u:p:q").toString("base64") },
    "quay.io": { username: "q", password: "1" },
    "quay.io/team": { username: "t", password: "2" },
  };
  const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
  const secret: Secret = { type: "kubernetes.io/dockerconfigjson", data };
  assert.deepEqual(
    credentialsFor("nginx", [secret]).map((c) => [c.username, c.password]),
    [["u", "p:q"]],
  );
  assert.deepEqual(
    credentialsFor("quay.io/team/x:1", [secret]).map((c) => c.username),
    ["t", "q"],
  );
  assert.deepEqual(credentialsFor("other.io/x", [secret]), []);
});
