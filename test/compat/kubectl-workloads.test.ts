/** What people do with workloads all day, on simulated nodes: everything but what needs a real container. */

import assert from "node:assert/strict";
import { withEachKubectl } from "../harness/each-kubectl.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";

withEachKubectl("kubectl looks after workloads", { simulatedNodes: 2 }, async (t, { kubectl }) => {
  const modern = kubectl.binary.minor >= 27;
  const jsonpath = (path: string, ...what: string[]) => kubectl("get", ...what, "-o", `jsonpath={${path}}`);
  const rolledOut = () => kubectl("rollout", "status", "deployment/web", "--timeout=120s");

  await t.test("create deployment, and its pods run", async () => {
    assert.equal(
      await kubectl("create", "deployment", "web", "--image=web:1", "--replicas=2"),
      "deployment.apps/web created\n",
    );
    assert.match(await rolledOut(), /deployment "web" successfully rolled out/);
    assert.match(
      await kubectl("get", "deployment", "web"),
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
    );
    assert.match(
      await kubectl("get", "deployment", "web", "-o", "wide"),
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +2\/2 +2 +2 +\d+s +web +web:1 +app=web\n$/,
    );
    assert.match(await kubectl("get", "rs"), /^NAME +DESIRED +CURRENT +READY +AGE\nweb-[0-9a-z]+ +2 +2 +2 +\d+s\n$/);
    const pods = await kubectl("get", "pods", "-l", "app=web");
    assert.match(
      pods,
      /^NAME +READY +STATUS +RESTARTS +AGE\n(web-[0-9a-z]+-[0-9a-z]{5} +1\/1 +Running +0 +\d+s\n){2}$/,
    );
    assert.match(
      await kubectl("get", "pods", "-o", "wide"),
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nweb-\S+ +1\/1 +Running +0 +\d+s +10\.244\.\d+\.\d+ +simulated-\d +<none> +<none>\n/,
    );
    assert.match(
      await kubectl("get", "all"),
      /pod\/web-.*service\/kubernetes .*deployment\.apps\/web .*replicaset\.apps\/web-/s,
    );
  });

  await t.test("describe: pod, deployment, replica set, node", async () => {
    await eventuallyMatching(
      () => kubectl("describe", "deployment", "web"),
      /^Name: +web$/m,
      /^Annotations: +deployment\.kubernetes\.io\/revision: 1$/m,
      /^Selector: +app=web$/m,
      /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m,
      /^StrategyType: +RollingUpdate$/m,
      /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m,
      /^ {2}Available +True +MinimumReplicasAvailable$/m,
      /^ {2}Progressing +True +NewReplicaSetAvailable$/m,
      /^NewReplicaSet: +web-\S+ \(2\/2 replicas created\)$/m,
      /Normal +ScalingReplicaSet +.* +deployment-controller +Scaled up replica set web-\S+ (from 0 )?to 2/,
    );
    const name = await jsonpath(".items[0].metadata.name", "pods", "-l", "app=web");
    await eventuallyMatching(
      () => kubectl("describe", "pod", name),
      /^Node: +simulated-\d\/198\.18\.\d+\.\d+$/m,
      /^Labels: +app=web\n +pod-template-hash=\S+$/m,
      /^Status: +Running$/m,
      /^IP: +10\.244\.\d+\.\d+$/m,
      /^Controlled By: +ReplicaSet\/web-\S+$/m,
      /^ {4}State: +Running$/m,
      /^ {4}Ready: +True$/m,
      /^ {4}Restart Count: +0$/m,
      /^ {2}PodScheduled +True\s*$/m,
      /\/var\/run\/secrets\/kubernetes\.io\/serviceaccount from kube-api-access-\S+ \(ro\)/,
      /^QoS Class: +BestEffort$/m,
      /^Tolerations: +node\.kubernetes\.io\/not-ready:NoExecute op=Exists for 300s\n +node\.kubernetes\.io\/unreachable:NoExecute op=Exists for 300s$/m,
      /Normal +Scheduled +.* +default-scheduler +Successfully assigned default\/web-\S+ to simulated-\d/,
      /Normal +Started +.* +kubelet.* +(Started container web|Container started)/,
    );
    await eventuallyMatching(
      () => kubectl("describe", "rs", "-l", "app=web"),
      /Normal +SuccessfulCreate +.* +replicaset-controller +Created pod: web-/,
    );
    await eventuallyMatching(
      () => kubectl("describe", "node", "simulated-0"),
      /^Name: +simulated-0$/m,
      /^ {2}Ready +True .*KubeletReady +kubelet is posting ready status$/m,
      /^ {2}InternalIP: +198\.18\.\d+\.\d+$/m,
      /^Capacity:\n(.*\n)* {2}pods: +110$/m,
      /^PodCIDR: +10\.244\.\d+\.0\/24$/m,
      /^ {2}HolderIdentity: +simulated-0$/m,
      /^Non-terminated Pods: /m,
    );
  });

  await t.test("scale", async () => {
    assert.equal(await kubectl("scale", "deployment", "web", "--replicas=4"), "deployment.apps/web scaled\n");
    await rolledOut();
    assert.equal(await jsonpath(".status.readyReplicas", "deployment", "web"), "4");
    assert.match(
      await kubectl.refused("scale", "deployment", "web", "--current-replicas=9", "--replicas=1"),
      /Expected replicas to be 9, was 4/,
    );
    await kubectl("scale", "deployment", "web", "--replicas=2");
    await eventually(async () => (await kubectl("get", "pods", "-o", "name")).trim().split("\n").length === 2);
  });

  await t.test("set image, rollout status, history, undo, restart, pause", async () => {
    const image = () => jsonpath(".spec.template.spec.containers[0].image", "deployment", "web");
    assert.equal(await kubectl("set", "image", "deployment/web", "web=web:2"), "deployment.apps/web image updated\n");
    assert.match(await rolledOut(), /successfully rolled out/);
    assert.equal(await image(), "web:2");
    await kubectl("annotate", "deployment", "web", "kubernetes.io/change-cause=second");
    await eventually(async () => {
      assert.match(
        await kubectl("rollout", "history", "deployment/web"),
        /^deployment\.apps\/web\s*\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +second\n/,
      );
      return true;
    });
    assert.match(await kubectl("rollout", "history", "deployment/web", "--revision=1"), /Image:\s+web:1/);
    assert.match(await kubectl("rollout", "undo", "deployment/web"), /deployment\.apps\/web rolled back/);
    await rolledOut();
    assert.equal(await image(), "web:1");
    assert.match(await kubectl("rollout", "undo", "deployment/web", "--to-revision=2"), /rolled back/);
    await rolledOut();
    assert.equal(await image(), "web:2");
    assert.match(await kubectl("rollout", "restart", "deployment/web"), /restarted/);
    assert.match(await rolledOut(), /successfully rolled out/);
    await kubectl("rollout", "pause", "deployment/web");
    await kubectl("set", "image", "deployment/web", "web=web:3");
    await eventuallyMatching(() => kubectl("describe", "deployment", "web"), /Progressing +Unknown +DeploymentPaused/);
    await kubectl("rollout", "resume", "deployment/web");
    await rolledOut();
    assert.match(await kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}"), /web:3/);
  });

  await t.test("set env, resources, service account", async () => {
    assert.match(await kubectl("set", "env", "deployment/web", "COLOR=blue"), /env updated/);
    assert.match(await kubectl("set", "env", "deployment/web", "--list"), /COLOR=blue/);
    assert.match(
      await kubectl("set", "resources", "deployment/web", "--requests=cpu=10m", "--limits=cpu=20m"),
      /resource requirements updated/,
    );
    await rolledOut();
    assert.match(await kubectl("describe", "pod", "-l", "app=web"), /COLOR: +blue/);
    assert.match(await kubectl("describe", "pod", "-l", "app=web"), /^QoS Class: +Burstable$/m);
  });

  await t.test("expose: ClusterIP and NodePort, with the pods behind them", async () => {
    assert.equal(
      await kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080"),
      "service/web exposed\n",
    );
    assert.match(
      await kubectl("expose", "deployment", "web", "--port=80", "--type=NodePort", "--name=outside"),
      /service\/outside exposed/,
    );
    assert.match(
      await kubectl("get", "service", "outside"),
      /outside +NodePort +10\.96\.\d+\.\d+ +<none> +80:3\d{4}\/TCP/,
    );
    await eventually(async () => {
      assert.match(
        await kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=web"),
        /web-\S+ +IPv4 +8080 +10\.244\.\d+\.\d+,10\.244\.\d+\.\d+ /,
      );
      assert.match(
        await kubectl("describe", "service", "web"),
        /^Endpoints: +10\.244\.\d+\.\d+:8080,10\.244\.\d+\.\d+:8080$/m,
      );
      return true;
    });
  });

  await t.test("run, wait and delete a pod", async () => {
    assert.equal(
      await kubectl("run", "single", "--image=busybox:1", "--labels=run=single", "--", "sleep", "1d"),
      "pod/single created\n",
    );
    assert.match(
      await kubectl("wait", "pod/single", "--for=condition=Ready", "--timeout=120s"),
      /pod\/single condition met/,
    );
    assert.match(await kubectl("run", "once", "--image=busybox:1", "--restart=Never"), /created/);
    if (modern)
      assert.match(
        await kubectl("wait", "pod/once", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"),
        /condition met/,
      );
    else await eventually(async () => (await jsonpath(".status.phase", "pod", "once")) === "Succeeded");
    assert.match(await kubectl("get", "pod", "once"), /once +0\/1 +Completed +0 /);
    assert.match(await kubectl("delete", "pod", "single", "once"), /pod "single" deleted.*\npod "once" deleted/);
    const gone = kubectl("wait", "pod/single", "--for=delete", "--timeout=120s");
    await gone.catch((error) => assert.match(String(error), /not found|no matching resources/)); // Gone before the wait began.
    assert.match(
      await kubectl.refused("wait", "deployment/web", "--for=condition=Nope", "--timeout=1s"),
      /timed out waiting/,
    );
  });

  await t.test("events", async () => {
    assert.match(await kubectl("get", "events"), /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    const sorted = await kubectl(
      "get",
      "events",
      "--sort-by=.metadata.creationTimestamp",
      "--field-selector=reason=Scheduled",
    );
    assert.match(sorted, /Normal +Scheduled +pod\/web-\S+ +Successfully assigned/);
    if (modern) assert.match(await kubectl("events", "--for=deployment/web"), /ScalingReplicaSet/);
  });

  await t.test("nodes: get, label, taint, cordon, drain", async () => {
    assert.match(
      await kubectl("get", "nodes"),
      /^NAME +STATUS +ROLES +AGE +VERSION\nsimulated-0 +Ready +<none> +\S+ +v1\.36\.\d+\nsimulated-1 +Ready +/,
    );
    assert.match(
      await kubectl("get", "nodes", "-o", "wide"),
      /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME/,
    );
    await kubectl("label", "node", "simulated-0", "node-role.kubernetes.io/worker=");
    assert.match(await kubectl("get", "node", "simulated-0"), /simulated-0 +Ready +worker /);
    assert.match(await kubectl("cordon", "simulated-0"), /node\/simulated-0 cordoned/);
    assert.match(await kubectl("get", "node", "simulated-0"), /Ready,SchedulingDisabled/);
    assert.match(
      await kubectl("drain", "simulated-0", "--ignore-daemonsets", "--timeout=120s"),
      /node\/simulated-0 (evicted|drained)/,
    );
    assert.equal(await kubectl("get", "pods", "-o", "name", "--field-selector=spec.nodeName=simulated-0"), "");
    await rolledOut();
    assert.match(await kubectl("uncordon", "simulated-0"), /uncordoned/);
    assert.match(await kubectl("taint", "nodes", "simulated-1", "only=me:NoExecute"), /node\/simulated-1 tainted/);
    await eventually(async () => {
      assert.equal(await jsonpath(".items[*].spec.nodeName", "pods", "-l", "app=web"), "simulated-0 simulated-0");
      return true;
    });
    await kubectl("taint", "nodes", "simulated-1", "only-");
    await rolledOut();
  });

  await t.test("a pod that fits nowhere says why", async () => {
    const overrides = '{"spec":{"nodeSelector":{"disk":"golden"}}}';
    await kubectl("run", "picky", "--image=busybox:1", `--overrides={"apiVersion":"v1",${overrides.slice(1)}`);
    await eventually(async () => {
      assert.match(
        await kubectl("describe", "pod", "picky"),
        /Warning +FailedScheduling +.* +default-scheduler +0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./,
      );
      return true;
    });
    assert.match(await kubectl("get", "pod", "picky"), /picky +0\/1 +Pending +0 /);
    await kubectl("delete", "pod", "picky");
  });

  await t.test("delete: the deployment's replica sets and pods go with it", async () => {
    assert.equal((await kubectl("delete", "deployment", "web")).startsWith('deployment.apps "web" deleted'), true);
    await eventually(async () => (await kubectl("get", "rs,pods", "-o", "name")) === "", {
      what: "everything to be gone",
    });
    await kubectl("delete", "service", "web", "outside");
    await eventually(
      async () =>
        (await kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name in (web,outside)", "-o", "name")) ===
        "",
    );
  });

  await t.test("a namespace takes all with it", async () => {
    await kubectl("create", "namespace", "doomed");
    await kubectl("create", "deployment", "web", "--image=web:1", "-n", "doomed");
    await kubectl("create", "configmap", "c", "-n", "doomed");
    assert.match(await kubectl("delete", "namespace", "doomed", "--timeout=120s"), /namespace "doomed" deleted/);
    assert.match(await kubectl.refused("get", "namespace", "doomed"), /not found/);
  });
});
