/** Changing objects: apply in both ways, replace, patch, edit, label, annotate, and what is refused. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withEachKubectl } from "../harness/each-kubectl.ts";

function deployment(image: string, more = ""): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 80}]
${more}`;
}

const settings = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: ${data}\n`;

withEachKubectl("kubectl changes objects", {}, async (t, { kubectl, dir }) => {
  const modern = kubectl.binary.minor >= 27;
  const image = ["get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[*].image}"];
  const data = ["get", "cm", "settings", "-o", "jsonpath={.data}"];
  const apply = (text: string, ...more: string[]) => kubectl.given(text, "apply", "-f", "-", ...more);

  await t.test("apply creates, leaves alone, changes and removes what it put there", async () => {
    assert.equal(await apply(deployment("web:1")), "deployment.apps/web created\n");
    assert.equal(await apply(deployment("web:1")), "deployment.apps/web unchanged\n");
    assert.equal(
      await apply(deployment("web:2", "      - {name: side, image: side:1}")),
      "deployment.apps/web configured\n",
    );
    assert.equal(await kubectl(...image), "web:2 side:1");
    assert.equal(await apply(deployment("web:2")), "deployment.apps/web configured\n");
    assert.equal(await kubectl(...image), "web:2");
    await kubectl("label", "deployment", "web", "added=by-hand");
    assert.equal(await apply(deployment("web:3")), "deployment.apps/web configured\n");
    assert.equal(await kubectl("get", "deployment", "web", "-o", "jsonpath={.metadata.labels.added}"), "by-hand");
  });

  await t.test("apply takes files, folders and many documents", async () => {
    const folder = join(dir, `manifests-${kubectl.binary.version}`);
    mkdirSync(folder);
    writeFileSync(
      join(folder, "a.yaml"),
      `${settings("{a: '1'}")}\n---\n${settings("{a: '1'}").replace("settings", "other")}`,
    );
    writeFileSync(
      join(folder, "b.json"),
      JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
    );
    const said = await kubectl("apply", "-f", folder);
    assert.deepEqual(said.trim().split("\n"), [
      "configmap/settings created",
      "configmap/other created",
      "serviceaccount/robot created",
    ]);
    writeFileSync(join(folder, "kustomization.yaml"), "namePrefix: k-\nresources: [a.yaml]\n");
    assert.match(await kubectl("apply", "-k", folder), /configmap\/k-settings created/);
    assert.match(
      await kubectl("delete", "-f", join(folder, "a.yaml")),
      /configmap "settings" deleted.*\nconfigmap "other" deleted/,
    );
  });

  await t.test("server-side apply owns fields, and says who else does", async () => {
    const ssa = (text: string, manager: string, ...more: string[]) =>
      kubectl.try(["apply", "--server-side", `--field-manager=${manager}`, "-f", "-", ...more], { input: text });
    const first = await ssa(settings("{a: '1', b: '1'}"), "one");
    assert.equal(first.stdout, "configmap/settings serverside-applied\n", first.stderr);
    const conflict = await ssa(settings("{a: '2'}"), "two");
    assert.notEqual(conflict.code, 0);
    assert.match(conflict.stderr, /Apply failed with 1 conflict: conflict with "one": \.data\.a/);
    assert.equal((await ssa(settings("{a: '1', c: '1'}"), "two")).code, 0); // The same value is shared, not fought over.
    assert.equal((await ssa(settings("{a: '2', c: '2'}"), "two", "--force-conflicts")).code, 0);
    assert.deepEqual(JSON.parse(await kubectl(...data)), { a: "2", b: "1", c: "2" });
    // What the only owner no longer applies goes.
    assert.equal((await ssa(settings("{c: '2'}"), "two")).code, 0);
    assert.deepEqual(JSON.parse(await kubectl(...data)), { b: "1", c: "2" });
    const { metadata } = await kubectl.json<{ metadata: { managedFields?: { manager: string; operation: string }[] } }>(
      "get",
      "cm",
      "settings",
      ...(modern ? ["--show-managed-fields"] : []),
    );
    assert.deepEqual(metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`).sort(), [
      "one Apply",
      "two Apply",
    ]);
  });

  await t.test("a client-side applied object goes over to server-side apply", async () => {
    const result = await kubectl.try(["apply", "--server-side", "--force-conflicts", "-f", "-"], {
      input: deployment("web:4"),
    });
    assert.equal(result.stdout, "deployment.apps/web serverside-applied\n", result.stderr);
    assert.equal(await kubectl(...image), "web:4");
    const back = await kubectl.try(["apply", "-f", "-"], { input: deployment("web:5") });
    assert.equal(back.code, 0, back.stderr);
    assert.equal(await kubectl(...image), "web:5");
  });

  /** The controller has written its status: nothing changes any more between what a command reads and what it writes. */
  const settled = () => kubectl("rollout", "status", "deployment/web", "--timeout=120s");

  await t.test("diff", async () => {
    await settled();
    const same = await kubectl.try(["diff", "-f", "-"], { input: deployment("web:5") });
    assert.equal(same.code, 0, same.stdout + same.stderr);
    const other = await kubectl.try(["diff", "-f", "-"], { input: deployment("web:6") });
    assert.equal(other.code, 1, other.stderr);
    assert.match(other.stdout, /^- +(- )?image: web:5\n\+ +(- )?image: web:6$/m);
  });

  await t.test("replace", async () => {
    await kubectl.given(settings("{x: '1'}"), "replace", "-f", "-");
    assert.deepEqual(JSON.parse(await kubectl(...data)), { x: "1" });
    const stale = settings("{}").replace("settings}", 'settings, resourceVersion: "1"}');
    const refused = await kubectl.try(["replace", "-f", "-"], { input: stale });
    assert.match(
      refused.stderr,
      /Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the latest version and try again/,
    );
    assert.match(
      await kubectl.given(settings("{y: '1'}"), "replace", "--force", "-f", "-"),
      /"settings" deleted.*\nconfigmap\/settings replaced/,
    );
  });

  await t.test("patch: strategic merge, merge, JSON", async () => {
    const containers = { spec: { template: { spec: { containers: [{ name: "side", image: "side:2" }] } } } };
    assert.equal(
      await kubectl("patch", "deployment", "web", "-p", JSON.stringify(containers)),
      "deployment.apps/web patched\n",
    );
    assert.equal((await kubectl(...image)).split(" ").sort().join(" "), "side:2 web:5");
    await settled();
    assert.equal(
      await kubectl("patch", "deployment", "web", "-p", JSON.stringify(containers)),
      "deployment.apps/web patched (no change)\n",
    );
    await kubectl("patch", "deployment", "web", "--type=merge", "-p", JSON.stringify(containers));
    assert.equal(await kubectl(...image), "side:2");
    const operations = [
      { op: "test", path: "/spec/template/spec/containers/0/name", value: "side" },
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "side:3" },
    ];
    await kubectl("patch", "deployment", "web", "--type=json", "-p", JSON.stringify(operations));
    assert.equal(await kubectl(...image), "side:3");
    const failing = JSON.stringify([{ op: "test", path: "/spec/replicas", value: 7 }]);
    assert.match(
      await kubectl.refused("patch", "deployment", "web", "--type=json", "-p", failing),
      /The request is invalid/,
    );
    const immutable = '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}';
    assert.match(
      await kubectl.refused("patch", "deployment", "web", "-p", immutable),
      /The Deployment "web" is invalid:.*spec\.selector: Invalid value: .*field is immutable/s,
    );
  });

  await t.test("edit", async () => {
    const editor = join(dir, "editor");
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/side:3/side:4/" "$1"\n');
    chmodSync(editor, 0o755);
    const edited = await kubectl.try(["edit", "deployment", "web"], { env: { EDITOR: editor } });
    assert.match(edited.stdout, /deployment.apps\/web edited/, edited.stderr);
    assert.equal(await kubectl(...image), "side:4");
    await settled();
    const again = await kubectl.try(["edit", "deployment", "web"], { env: { EDITOR: editor } });
    assert.match(again.stdout + again.stderr, /Edit cancelled, no changes made/);
  });

  await t.test("label and annotate", async () => {
    assert.match(await kubectl("label", "cm", "settings", "tier=front"), /configmap\/settings labeled/);
    assert.match(
      await kubectl.refused("label", "cm", "settings", "tier=back"),
      /already has a value \(front\), and --overwrite is false/,
    );
    assert.match(await kubectl("label", "cm", "settings", "tier=back", "--overwrite"), /labeled/);
    assert.equal(await kubectl("get", "cm", "-l", "tier=back", "-o", "name"), "configmap/settings\n");
    assert.match(await kubectl("label", "cm", "settings", "tier-"), /(un)?labeled/);
    assert.match(await kubectl("annotate", "cm", "settings", "note=hello there"), /configmap\/settings annotated/);
    assert.match(await kubectl("describe", "cm", "settings"), /note: hello there/);
    assert.match(
      await kubectl.refused("label", "cm", "settings", "a=b c"),
      /a valid label must be|Invalid value: "b c"/,
    );
  });

  await t.test("what is wrong with an object is said by field", async () => {
    const broken = deployment("web:1").replace("name: web, labels", "name: broken, labels");
    const apply = async (text: string) => (await kubectl.try(["apply", "-f", "-"], { input: text })).stderr;
    assert.match(
      await apply(broken.replace("replicas: 0", "replicas: -1")),
      /The Deployment "broken" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    );
    assert.match(
      await apply(broken.replace("metadata: {labels: {app: web}}", "metadata: {labels: {app: nope}}")),
      /spec\.template\.metadata\.labels: Invalid value: .*`selector` does not match template `labels`/,
    );
    assert.match(
      await apply(broken.replace("image: web:1", "imagee: web:1")),
      /unknown field "(spec\.template\.spec\.containers\[0\]\.)?imagee"/,
    );
    assert.match(
      await apply("apiVersion: v9\nkind: Pod\nmetadata: {name: a}"),
      /no matches for kind "Pod" in version "v9"/,
    );
    assert.match(await apply("kind: Pod"), /apiVersion/);
  });
});
