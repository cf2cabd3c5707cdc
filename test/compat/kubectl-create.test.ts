/** Every `kubectl create` subcommand, and what `kubectl get` then shows of it. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCluster } from "../harness/cluster.ts";
import { withEachKubectl } from "../harness/each-kubectl.ts";

interface Creation {
  readonly args: string;
  /** What `get` names it by. */
  readonly object: string;
  /** A jsonpath of it, and what is there. */
  readonly path: string;
  readonly value: string;
  /** The heading and row that `kubectl get` prints. */
  readonly shows: RegExp;
  /** The first kubectl that sends a version the API still serves. */
  readonly since?: number;
}

const creations: readonly Creation[] = [
  {
    args: "namespace team",
    object: "namespace/team",
    path: ".status.phase",
    value: "Active",
    shows: /^NAME +STATUS +AGE\nteam +Active +\d+s\n$/,
  },
  {
    args: "configmap settings --from-literal=a=1 --from-literal=b=2",
    object: "configmap/settings",
    path: ".data.b",
    value: "2",
    shows: /^NAME +DATA +AGE\nsettings +2 +\d+s\n$/,
  },
  {
    args: "secret generic password --from-literal=value=hunter2",
    object: "secret/password",
    path: ".data.value",
    value: "aHVudGVyMg==",
    shows: /^NAME +TYPE +DATA +AGE\npassword +Opaque +1 +\d+s\n$/,
  },
  {
    args: "secret docker-registry registry --docker-server=registry.example --docker-username=u --docker-password=p",
    object: "secret/registry",
    path: ".type",
    value: "kubernetes.io/dockerconfigjson",
    shows: /registry +kubernetes.io\/dockerconfigjson +1 /,
  },
  {
    args: "secret tls certificate --cert=DIR/tls.crt --key=DIR/tls.key",
    object: "secret/certificate",
    path: ".type",
    value: "kubernetes.io/tls",
    shows: /certificate +kubernetes.io\/tls +2 /,
  },
  {
    args: "serviceaccount robot",
    object: "serviceaccount/robot",
    path: ".metadata.name",
    value: "robot",
    shows: /^NAME .*AGE\nrobot .*\d+s\n$/,
  },
  {
    args: "role reader --verb=get,list --resource=pods,deployments.apps",
    object: "role/reader",
    path: ".rules[1].apiGroups[0]",
    value: "apps",
    shows: /^NAME +CREATED AT\nreader +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/,
  },
  {
    args: "rolebinding readers --role=reader --serviceaccount=default:robot",
    object: "rolebinding/readers",
    path: ".subjects[0].name",
    value: "robot",
    shows: /^NAME +ROLE +AGE\nreaders +Role\/reader +\d+s\n$/,
  },
  {
    args: "clusterrole watcher --verb=watch --resource=nodes",
    object: "clusterrole/watcher",
    path: ".rules[0].resources[0]",
    value: "nodes",
    shows: /^NAME +CREATED AT\nwatcher +\d{4}-/,
  },
  {
    args: "clusterrolebinding watchers --clusterrole=watcher --user=jane",
    object: "clusterrolebinding/watchers",
    path: ".subjects[0].kind",
    value: "User",
    shows: /^NAME +ROLE +AGE\nwatchers +ClusterRole\/watcher +\d+s\n$/,
  },
  {
    args: "quota limits --hard=pods=50,services=20",
    object: "resourcequota/limits",
    path: ".spec.hard.pods",
    value: "50",
    shows: /^NAME .*REQUEST +LIMIT.*\nlimits /,
  },
  {
    args: "priorityclass urgent --value=1000 --description=first",
    object: "priorityclass/urgent",
    path: ".value",
    value: "1000",
    shows: /^NAME +VALUE +GLOBAL-DEFAULT +AGE +PREEMPTIONPOLICY\nurgent +1000 +false +\d+s +PreemptLowerPriority\n$/,
  },
  {
    args: "deployment web --image=web:1 --replicas=0 --port=80",
    object: "deployment/web",
    path: ".spec.template.spec.containers[0].ports[0].containerPort",
    value: "80",
    shows: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/0 +0 +0 +\d+s\n$/,
  },
  {
    args: "job once --image=busybox:1 -- true",
    object: "job/once",
    path: ".spec.backoffLimit",
    value: "6",
    shows: /^NAME +(STATUS +)?COMPLETIONS +DURATION +AGE\nonce +(Running +)?0\/1 +/,
  },
  {
    args: "cronjob nightly --image=busybox:1 --schedule=0_3_*_*_* -- true",
    object: "cronjob/nightly",
    path: ".spec.schedule",
    value: "0 3 * * *",
    shows:
      /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nnightly +0 3 \* \* \* +<none> +False +0 +<none> +\d+s\n$/,
    since: 21,
  },
  {
    args: "job by-hand --from=cronjob/nightly",
    object: "job/by-hand",
    path: ".metadata.annotations.cronjob\\.kubernetes\\.io/instantiate",
    value: "manual",
    shows: /by-hand/,
    since: 21,
  },
  {
    args: "poddisruptionbudget careful --selector=app=web --min-available=1",
    object: "poddisruptionbudget/careful",
    path: ".spec.minAvailable",
    value: "1",
    shows: /^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\ncareful +1 +N\/A +0 +\d+s\n$/,
    since: 21,
  },
  {
    args: "ingress front --rule=web.example/*=web:80 --class=nginx",
    object: "ingress/front",
    path: ".spec.rules[0].http.paths[0].pathType",
    value: "Prefix",
    shows: /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nfront +nginx +web.example +80 +\d+s\n$/,
  },
  {
    args: "service clusterip plain --tcp=80:8080",
    object: "service/plain",
    path: ".spec.ports[0].targetPort",
    value: "8080",
    shows:
      /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nplain +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP +\d+s\n$/,
  },
  {
    args: "service clusterip headless --clusterip=None --tcp=80",
    object: "service/headless",
    path: ".spec.clusterIPs[0]",
    value: "None",
    shows: /headless +ClusterIP +None +<none> +80\/TCP/,
  },
  {
    args: "service nodeport outside --tcp=80:8080 --node-port=30080",
    object: "service/outside",
    path: ".spec.type",
    value: "NodePort",
    shows: /outside +NodePort +10\.96\.\d+\.\d+ +<none> +80:30080\/TCP +/,
  },
  {
    args: "service loadbalancer balanced --tcp=80",
    object: "service/balanced",
    path: ".spec.allocateLoadBalancerNodePorts",
    value: "true",
    shows: /balanced +LoadBalancer +10\.96\.\d+\.\d+ +<pending> +80:3\d{4}\/TCP +/,
  },
  {
    args: "service externalname away --external-name=example.com",
    object: "service/away",
    path: ".spec.externalName",
    value: "example.com",
    shows: /away +ExternalName +<none> +example.com +<none> +/,
  },
];

/** A certificate and key that belong together: the administrator's own. */
function writeKeyPair({ kubeconfig, dir }: TestCluster): void {
  const text = readFileSync(kubeconfig, "utf8");
  for (const [file, field] of [
    ["tls.crt", "client-certificate-data"],
    ["tls.key", "client-key-data"],
  ] as const) {
    const data = new RegExp(`${field}: "?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? "";
    writeFileSync(join(dir, file), Buffer.from(data, "base64"));
  }
}

withEachKubectl("kubectl create makes every kind it knows", {}, async (t, cluster) => {
  const { kubectl, dir } = cluster;
  writeKeyPair(cluster);
  for (const { args, object, path, value, shows, since = 0 } of creations) {
    if (kubectl.binary.minor < since) continue;
    await t.test(`create ${args}`, async () => {
      const words = args.replaceAll("DIR", dir).split(" ");
      const [kind, name] = object.split("/");
      const said = await kubectl("create", ...words.map((word) => word.replaceAll("_", " ")));
      assert.match(said, new RegExp(`^${kind}(\\.[a-z0-9.]+)?/${name} created\\n$`));
      assert.equal(await kubectl("get", object, "-o", `jsonpath={${path}}`), value);
      assert.match(await kubectl("get", object), shows);
      assert.match(await kubectl("describe", object), new RegExp(`^Name: +${name}$`, "m"));
    });
  }

  await t.test("what a kubectl sends in a version no longer served is refused", async () => {
    if (kubectl.binary.minor >= 21) return;
    const refusal = await kubectl.refused("create", "poddisruptionbudget", "x", "--selector=a=b", "--min-available=1");
    assert.match(refusal, /could not find the requested resource|no matches for kind/);
  });

  await t.test("create token", async () => {
    if (kubectl.binary.minor < 24) return;
    const token = (await kubectl("create", "token", "robot", "--duration=20m")).trim();
    const [, payload = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    assert.equal(claims["sub"], "system:serviceaccount:default:robot");
    const bare = [
      `--server=${cluster.server}`,
      "--insecure-skip-tls-verify",
      `--token=${token}`,
      "--kubeconfig=/dev/null",
    ];
    await kubectl("get", "pods", ...bare);
    assert.match(
      await kubectl.refused("get", "secrets", ...bare),
      /secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"/,
    );
  });

  await t.test("a dry run creates nothing", async () => {
    assert.match(
      await kubectl("create", "configmap", "dry", "--from-literal=a=b", "--dry-run=client", "-o", "yaml"),
      /name: dry/,
    );
    assert.match(
      await kubectl("create", "configmap", "dry", "--dry-run=server"),
      /configmap\/dry created \(server dry run\)/,
    );
    assert.match(await kubectl.refused("get", "configmap", "dry"), /configmaps "dry" not found/);
  });

  await t.test("what exists, what is wrong, what is in no namespace", async () => {
    assert.match(await kubectl.refused("create", "configmap", "settings"), /configmaps "settings" already exists/);
    assert.match(
      await kubectl.refused("create", "configmap", "Not_A_Name"),
      /ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of/,
    );
    assert.match(await kubectl.refused("create", "configmap", "x", "-n", "nowhere"), /namespaces "nowhere" not found/);
    assert.match(
      await kubectl.refused("create", "service", "nodeport", "taken", "--tcp=80", "--node-port=30080"),
      /Service "taken" is invalid: spec\.ports\[0\]\.nodePort: Invalid value: 30080: provided port is already allocated/,
    );
  });

  await t.test("what is too large", async () => {
    const file = join(dir, "large");
    writeFileSync(file, "x".repeat(2_000_000));
    assert.match(
      await kubectl.refused("create", "configmap", "large", `--from-file=${file}`),
      /ConfigMap "large" is invalid: \[\]: Too long: may not be more than 1048576 bytes/,
    );
    writeFileSync(file, "x".repeat(4_000_000));
    assert.match(
      await kubectl.refused("create", "configmap", "large", `--from-file=${file}`),
      /entity too large: limit is 3145728/,
    );
  });

  await t.test("delete", async () => {
    assert.match(await kubectl("delete", "configmap", "settings"), /^configmap "settings" deleted/);
    assert.match(
      await kubectl("delete", "deployment,service", "--all"),
      /deployment.apps "web" deleted.*service "plain" deleted/s,
    );
    assert.match(await kubectl("delete", "namespace", "team"), /^namespace "team" deleted/);
    assert.match(await kubectl.refused("get", "namespace", "team"), /namespaces "team" not found/);
    assert.match(await kubectl.refused("delete", "configmap", "settings"), /configmaps "settings" not found/);
    assert.equal(await kubectl("delete", "configmap", "settings", "--ignore-not-found"), "");
  });
});
