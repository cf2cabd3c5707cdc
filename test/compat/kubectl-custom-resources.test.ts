/** Custom resources, from their definition to their end. */

import assert from "node:assert/strict";
import { withEachKubectl } from "../harness/each-kubectl.ts";
import { eventually } from "../harness/eventually.ts";

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [mine]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec, description: When it runs}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Image, type: string, jsonPath: .spec.image, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: A job that runs at times
        properties:
          spec:
            type: object
            description: What is wanted
            required: [cronSpec]
            properties:
              cronSpec: {type: string, description: When it runs, pattern: '^(\\S+ ){4}\\S+$'}
              image: {type: string}
              replicas: {type: integer, minimum: 0, maximum: 9, default: 1}
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, port: {type: integer}}
          status:
            type: object
            properties: {replicas: {type: integer}}
`;

const object = (spec: string) => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: nightly}
spec: ${spec}
`;

withEachKubectl("kubectl works with custom resources", {}, async (t, { kubectl }) => {
  const modern = kubectl.binary.minor >= 27;

  await t.test("a definition is applied, waited for, and there", async () => {
    const created = "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com";
    assert.equal(await kubectl.given(definition, "apply", "-f", "-"), `${created} created\n`);
    await kubectl("wait", "--for=condition=Established", "crd/crontabs.stable.example.com", "--timeout=120s");
    assert.match(
      await kubectl("api-resources", "--api-group=stable.example.com"),
      /crontabs +ct +stable.example.com\/v1 +true +CronTab/,
    );
    assert.equal(await kubectl.given(definition, "apply", "-f", "-"), `${created} unchanged\n`);
  });

  await t.test("explain tells the fields", async () => {
    const spec = await kubectl("explain", "crontabs.spec");
    assert.match(spec, /What is wanted/);
    assert.match(spec, /cronSpec\s+<string>/);
    const whole = await kubectl("explain", "ct");
    assert.match(whole, /A job that runs at times/);
    assert.match(
      whole,
      /FIELDS:.*apiVersion\s+<string>\s+APIVersion defines.*metadata\s+<\w+>\s+Standard object's metadata/s,
    );
    assert.match(
      await kubectl("explain", "ct.metadata"),
      /creationTimestamp\s+<string>\s+CreationTimestamp is a timestamp/,
    );
  });

  await t.test("objects are applied, printed in the columns asked for, patched and scaled", async () => {
    const applied = await kubectl.given(
      object("{cronSpec: '0 0 * * *', image: a, ports: [{name: web, port: 1}]}"),
      "apply",
      "-f",
      "-",
    );
    assert.equal(applied, "crontab.stable.example.com/nightly created\n");
    assert.match(await kubectl("get", "ct"), /^NAME +SPEC +REPLICAS +AGE\nnightly +0 0 \* \* \* +1 +\d+s\n$/);
    assert.match(await kubectl("get", "mine", "-o", "wide"), /IMAGE.*\n.*nightly.* a /);
    await kubectl("patch", "ct", "nightly", "--type=merge", "-p", '{"spec":{"image":"b"}}');
    assert.equal(await kubectl("get", "ct", "nightly", "-o", "jsonpath={.spec.image} {.metadata.generation}"), "b 2");
    assert.equal(await kubectl("scale", "ct/nightly", "--replicas=3"), "crontab.stable.example.com/nightly scaled\n");
    assert.equal(await kubectl("get", "ct", "nightly", "-o", "jsonpath={.spec.replicas}"), "3");
  });

  await t.test("what does not fit is refused", async () => {
    const refusal = async (...command: string[]) => {
      try {
        await kubectl(...command);
        return "";
      } catch (error) {
        return String(error);
      }
    };
    const bad = await refusal("patch", "ct", "nightly", "--type=merge", "-p", '{"spec":{"replicas":"many"}}');
    assert.match(
      bad,
      /spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"/,
    );
    const large = await refusal("patch", "ct", "nightly", "--type=merge", "-p", '{"spec":{"replicas":10}}');
    assert.match(large, /spec.replicas: Invalid value: 10: spec.replicas in body should be less than or equal to 9/);
  });

  await t.test("lists merge by key when applied on the server", { skip: !modern }, async () => {
    const weekly = (ports: string) => object(`{cronSpec: '0 0 * * 0', ports: ${ports}}`).replace("nightly", "weekly");
    await kubectl.given(weekly("[{name: web, port: 1}]"), "create", "-f", "-");
    await kubectl.given(weekly("[{name: metrics, port: 2}]"), "apply", "--server-side", "-f", "-");
    const names = await kubectl("get", "ct", "weekly", "-o", "jsonpath={.spec.ports[*].name}");
    assert.deepEqual(names.split(" ").sort(), ["metrics", "web"]);
  });

  await t.test("a namespace takes its objects with it, and an owner what it owns", async () => {
    await kubectl("create", "namespace", "apart");
    await kubectl.given(object("{cronSpec: '0 0 * * *'}"), "apply", "-n", "apart", "-f", "-");
    const uid = await kubectl("get", "ct", "nightly", "-n", "apart", "-o", "jsonpath={.metadata.uid}");
    const owner = { apiVersion: "stable.example.com/v1", kind: "CronTab", name: "nightly", uid };
    const metadata = { name: "owned", ownerReferences: [owner] };
    const owned = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata });
    await kubectl.given(owned, "apply", "-n", "apart", "-f", "-");
    await kubectl("delete", "ct", "nightly", "-n", "apart", "--cascade=foreground", "--timeout=120s");
    // It does not hold up its owner's end: it may come after it.
    const left = () => kubectl("get", "cm", "owned", "-n", "apart", "--ignore-not-found", "-o", "name");
    await eventually(async () => (await left()) === "", { what: "the end of what is owned" });
    await kubectl.given(object("{cronSpec: '0 0 * * *'}"), "apply", "-n", "apart", "-f", "-");
    await kubectl("delete", "namespace", "apart", "--timeout=120s");
    assert.doesNotMatch(await kubectl("get", "ct", "-A", "-o", "name"), /apart/);
  });

  await t.test("the definition takes its objects with it", async () => {
    await kubectl("delete", "crd", "crontabs.stable.example.com", "--timeout=120s");
    assert.equal(await kubectl("get", "crd", "-o", "name"), "");
  });
});
