/** `kubectl get` in all its forms. */

import assert from "node:assert/strict";
import { withEachKubectl } from "../harness/each-kubectl.ts";

const configMaps = ["a", "b", "c"]
  .map(
    (name, i) => `
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  labels: {team: ${i < 2 ? "red" : "blue"}}
data: {value: "${3 - i}"}
---`,
  )
  .join("");

withEachKubectl("kubectl get prints in every form", {}, async (t, { kubectl }) => {
  await kubectl("create", "namespace", "forms");
  const get = (...args: string[]) => kubectl("get", "-n", "forms", ...args);
  await kubectl.given(configMaps, "apply", "-n", "forms", "-f", "-");
  const mine = ["cm", "-l", "team"];

  await t.test("a table", async () => {
    assert.match(await get(...mine), /^NAME +DATA +AGE\na +1 +\d+s\nb +1 +\d+s\nc +1 +\d+s\n$/);
    assert.match(await get(...mine, "--no-headers"), /^a +1 +\d+s\nb/);
    assert.match(await get(...mine, "-o", "wide"), /^NAME +DATA +AGE\n/);
    assert.match(await get(...mine, "--show-labels"), /^NAME +DATA +AGE +LABELS\na +1 +\d+s +team=red\n/);
    assert.match(await get(...mine, "-L", "team"), /^NAME +DATA +AGE +TEAM\na +1 +\d+s +red\n/);
    assert.match(await kubectl("get", ...mine, "-A"), /^NAMESPACE +NAME +DATA +AGE\nforms +a +1 /);
  });

  await t.test("names", async () => {
    assert.equal(await get(...mine, "-o", "name"), "configmap/a\nconfigmap/b\nconfigmap/c\n");
  });

  await t.test("json and yaml", async () => {
    const list = JSON.parse(await get(...mine, "-o", "json")) as {
      kind: string;
      items: { metadata: { name: string } }[];
    };
    assert.equal(list.kind, "List");
    assert.deepEqual(
      list.items.map((item) => item.metadata.name),
      ["a", "b", "c"],
    );
    const yaml = await get("cm", "a", "-o", "yaml");
    assert.match(yaml, /^apiVersion: v1\ndata:\n {2}value: "3"\nkind: ConfigMap\nmetadata:\n/);
    assert.match(yaml, /^ {2}uid: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/m);
    assert.match(yaml, /^ {2}resourceVersion: "\d+"$/m);
    assert.match(yaml, /^ {2}creationTimestamp: "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/m);
    if (kubectl.binary.minor >= 21) {
      assert.doesNotMatch(yaml, /managedFields/);
      assert.match(await get("cm", "a", "-o", "yaml", "--show-managed-fields"), /manager: kubectl-client-side-apply/);
    }
  });

  await t.test("jsonpath, custom columns, templates", async () => {
    assert.equal(await get(...mine, "-o", "jsonpath={.items[*].metadata.name}"), "a b c");
    assert.equal(
      await get(...mine, "-o", 'jsonpath={range .items[?(@.data.value=="2")]}{.metadata.name}{"\\n"}{end}'),
      "b\n",
    );
    assert.equal(
      (await get(...mine, "-o", "custom-columns=NAME:.metadata.name,VALUE:.data.value,NONE:.data.none")).replaceAll(
        / +/g,
        " ",
      ),
      "NAME VALUE NONE\na 3 <none>\nb 2 <none>\nc 1 <none>\n",
    );
    assert.equal(
      await get(...mine, "-o", "go-template={{range .items}}{{.metadata.name}}={{.data.value}} {{end}}"),
      "a=3 b=2 c=1 ",
    );
    assert.equal(await get("cm", "c", "-o", "template={{.data.value}}"), "1");
  });

  await t.test("sorted, selected, in pages", async () => {
    assert.equal(await get(...mine, "--sort-by=.data.value", "-o", "name"), "configmap/c\nconfigmap/b\nconfigmap/a\n");
    assert.equal(await get("cm", "-l", "team=blue", "-o", "name"), "configmap/c\n");
    assert.equal(await get("cm", "-l", "team in (red), team!=blue", "-o", "name"), "configmap/a\nconfigmap/b\n");
    assert.equal(await get("cm", "--field-selector=metadata.name=b", "-o", "name"), "configmap/b\n");
    assert.equal(await get(...mine, "--chunk-size=1", "-o", "name"), "configmap/a\nconfigmap/b\nconfigmap/c\n");
    const wrong = ["get", "cm", "--field-selector=data.value=1"];
    assert.match(
      await kubectl.refused(...wrong),
      /field label not supported: data\.value|"data\.value" is not a known field selector/,
    );
  });

  await t.test("several kinds and names at once", async () => {
    await kubectl("create", "secret", "generic", "s", "-n", "forms");
    assert.equal(await get("cm/a", "secret/s", "-o", "name"), "configmap/a\nsecret/s\n");
    assert.match(
      await get("cm,secret"),
      /^NAME +DATA +AGE\nconfigmap\/a .*\n\nNAME +TYPE +DATA +AGE\nsecret\/s +Opaque/s,
    );
    assert.match(await get("configmaps", "a", "c"), /a .*\nc /);
    assert.match(await get("configmaps.v1.", "a"), /a /);
  });

  await t.test("what is not there", async () => {
    assert.match(
      await kubectl.refused("get", "cm", "nope"),
      /Error from server \(NotFound\): configmaps "nope" not found/,
    );
    assert.equal(await get("cm", "nope", "--ignore-not-found"), "");
    assert.match(await kubectl.refused("get", "nopes"), /the server doesn't have a resource type "nopes"/);
    const nothing = await kubectl.try(["get", "pods", "-n", "forms"]);
    assert.match(nothing.stderr, /No resources found in forms namespace\./);
    assert.equal(nothing.code, 0);
  });

  await t.test("watching", async () => {
    const watching = kubectl.start("get", "cm", "-n", "forms", "-w", "-l", "team");
    const events = kubectl.start(
      "get",
      "cm",
      "-n",
      "forms",
      "--watch-only",
      "--output-watch-events",
      "-v=6",
      "-l",
      "team",
    );
    try {
      await watching.saying(/^c +1/m);
      await events.saying(/watch=true.* 200 OK/); // Before it says anything.
      await kubectl("create", "cm", "w", "-n", "forms", "--from-literal=value=1");
      await kubectl("label", "cm", "w", "-n", "forms", "team=green");
      await kubectl("patch", "cm", "w", "-n", "forms", "-p", '{"data":{"more":"2"}}');
      await watching.saying(/^w +2 +/m);
      await kubectl("delete", "cm", "w", "-n", "forms");
      await events.saying(/^ADDED +w +1 .*\nMODIFIED +w +2 .*\nDELETED +w +2 /m);
    } finally {
      await Promise.all([watching.stop(), events.stop()]);
    }
  });
});
