/** What a container is given: environment, volumes of every kind on the main path, names in DNS. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startContainerCluster } from "../harness/containers.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";
import { busybox, web } from "../images/images.ts";

const reader = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, motd: "hello\\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Pod
metadata: {name: reader, labels: {app: reader}, annotations: {note: noted}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${busybox}
    command: [sh, -c, "sleep 1d"]
    resources: {requests: {cpu: 10m, memory: 8Mi}, limits: {cpu: 500m, memory: 64Mi}}
    env:
    - {name: PLAIN, value: "plain-$(COLOR)"}
    - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
    - {name: COMPOSED, value: "is $(COLOR) on $(NODE)"}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    - {name: OPTIONAL, valueFrom: {configMapKeyRef: {name: nope, key: x, optional: true}}}
    envFrom: [{prefix: FROM_, configMapRef: {name: settings}}]
    volumeMounts:
    - {name: settings, mountPath: /settings}
    - {name: settings, mountPath: /one/motd, subPath: motd}
    - {name: keys, mountPath: /keys, readOnly: true}
    - {name: about, mountPath: /about}
    - {name: all, mountPath: /all}
    - {name: scratch, mountPath: /scratch}
    - {name: memory, mountPath: /memory}
    - {name: host, mountPath: /host}
  volumes:
  - {name: settings, configMap: {name: settings}}
  - {name: keys, secret: {secretName: keys, defaultMode: 0400}}
  - name: about
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu, divisor: 1m}}
  - name: all
    projected:
      sources:
      - configMap: {name: settings, items: [{key: color, path: deep/color}]}
      - secret: {name: keys}
      - downwardAPI: {items: [{path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}
      - serviceAccountToken: {path: token, audience: someone, expirationSeconds: 600}
  - {name: scratch, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: /etc}}
`;

test("containers get what their pod says", { timeout: 300_000 }, async (t) => {
  const cluster = await startContainerCluster(t);
  if (cluster === undefined) return;
  const { kubectl } = cluster;
  await kubectl.given(reader, "apply", "-f", "-");
  await kubectl("wait", "pod/reader", "--for=condition=Ready", "--timeout=120s");
  const inside = (command: string) => kubectl("exec", "reader", "--", "sh", "-c", command);

  await t.test("environment", async () => {
    const env = new Map((await inside("env")).split("\n").map((line) => line.split("=", 2) as [string, string]));
    const ip = await kubectl("get", "pod", "reader", "-o", "jsonpath={.status.podIP}");
    for (const [name, value] of Object.entries({
      PLAIN: "plain-$(COLOR)", // What comes later is not there yet.
      COLOR: "blue",
      COMPOSED: "is blue on $(NODE)",
      PASSWORD: "hunter2",
      NODE: "node-1",
      POD_IP: ip,
      MEMORY: String(64 << 20),
      FROM_color: "blue",
      HOSTNAME: "reader",
      KUBERNETES_SERVICE_PORT: "443",
      KUBERNETES_PORT_443_TCP_PROTO: "tcp",
    }))
      assert.equal(env.get(name), value, name);
    assert.equal(env.has("OPTIONAL"), false);
  });

  await t.test("volumes", async () => {
    for (const [command, printed] of Object.entries({
      "cat /settings/color": "blue",
      "cat /settings/motd /one/motd": "hello\nhello\n",
      "cat /keys/password": "hunter2",
      "stat -Lc %a /keys/password": "400\n",
      "cat /about/labels": 'app="reader"',
      "cat /about/cpu": "500",
      "cat /all/deep/color /all/password /all/note": "bluehunter2noted",
      "echo kept > /scratch/x && cat /scratch/x": "kept\n",
      "grep -c ' /memory tmpfs ' /proc/mounts": "1\n",
      "cat /host/hostname >/dev/null && echo there": "there\n",
      "touch /keys/x 2>/dev/null || echo refused": "refused\n",
    }))
      assert.equal(await inside(command), printed, command);
    const [, payload = ""] = (await inside("cat /all/token")).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    assert.deepEqual(claims["aud"], ["someone"]);
    assert.equal((claims["kubernetes.io"] as { pod: { name: string } }).pod.name, "reader");
  });

  await t.test("a changed ConfigMap arrives in the volume", async () => {
    await kubectl("patch", "cm", "settings", "-p", '{"data":{"color":"red"}}');
    await eventually(async () => (await inside("cat /settings/color")) === "red", { withinMs: 120_000, everyMs: 500 });
    await eventually(async () => (await inside("cat /all/deep/color")) === "red", {
      what: "the other volume changing",
    });
    assert.equal(await inside("cat /one/motd"), "hello\n");
  });

  await t.test("a pod speaks to the API server with its own token", async () => {
    const { spec } = await kubectl.json<{ spec: { clusterIP: string } }>("get", "svc", "kubernetes");
    const request = `wget -qO- --no-check-certificate --header "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" https://${spec.clusterIP}/version`;
    const said = await kubectl.try(["exec", "reader", "--", "sh", "-c", request]);
    // The busybox of some Debian releases has no TLS: then at least the connection must come about.
    if (said.code === 0) assert.match(said.stdout, /"gitVersion": ?"v1\\.36/);
    else assert.match(await inside(`nc -w 3 ${spec.clusterIP} 443 </dev/null && echo connected`), /connected/);
    assert.equal(await inside("cat /var/run/secrets/kubernetes.io/serviceaccount/namespace"), "default");
    assert.match(await inside("cat /var/run/secrets/kubernetes.io/serviceaccount/ca.crt"), /BEGIN CERTIFICATE/);
  });

  await t.test("names: services, headless services, external names, and one another", async () => {
    await kubectl("create", "deployment", "web", `--image=${web(1)}`, "--replicas=2", "--port=80");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await kubectl("expose", "deployment", "web", "--port=80");
    await kubectl("expose", "deployment", "web", "--name=headless", "--cluster-ip=None", "--port=80");
    await kubectl("create", "service", "externalname", "away", "--external-name=web.default.svc.cluster.local");
    const clusterIP = await kubectl("get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}");
    const addresses = (await kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].status.podIP}")).split(
      " ",
    );
    const lookup = (name: string) => inside(`nslookup ${name}`);
    await eventually(async () => (await lookup("web.default.svc.cluster.local")).includes(clusterIP));
    await eventually(async () => {
      const found = await lookup("headless.default.svc.cluster.local");
      return addresses.every((address) => found.includes(address));
    });
    await eventuallyMatching(() => lookup("away.default.svc.cluster.local"), /web\.default\.svc\.cluster\.local/);
    await eventuallyMatching(() => lookup("kubernetes.default.svc.cluster.local"), /\.1\b/);
    for (const name of ["web", "web.default", "web.default.svc", "headless", "away"])
      await eventuallyMatching(
        () => kubectl("exec", "deployment/web", "--", "wget", "-qO-", `http://${name}/`),
        /web version 1/,
      );
    const nowhere = await kubectl.try(["exec", "reader", "--", "nslookup", "nope.default.svc.cluster.local"]);
    assert.match(nowhere.stdout + nowhere.stderr, /NXDOMAIN|can't find|can't resolve/i);
  });
});
