/** `up --demo`: a web server with two replicas behind a Service, from an image built here, and the wait until it answers. */

import * as http from "node:http";
import { type Deployment, deployments, type Service, services } from "@kubets/api";
import { messageOf, realClock } from "@kubets/apimachinery";
import { buildImage } from "./images/build.ts";
import { demoImage, demoImageName } from "./images/catalog.ts";
import { loadImage } from "./images/load.ts";
import type { Reporter, StartedCluster } from "./lifecycle/start.ts";
import { localNodes } from "./local-nodes.ts";
import { clusterPaths } from "./paths.ts";

const name = "demo";
const answersWithinMs = 120_000;

/**
 * @returns where it answers, and what to try next.
 * @throws Error for a cluster without real nodes, or when it does not answer in time
 */
export async function runDemo(
  cluster: StartedCluster,
  { step, signal }: Reporter & { signal: AbortSignal },
): Promise<{ url: string; next: string }> {
  const { config, client } = cluster;
  const nodes = localNodes(config);
  if (nodes.length === 0) throw new Error("the demo runs real containers: it needs --nodes 1 or more");
  const { images } = clusterPaths(config.name, config.dataDir);
  const archives = await step("Build the demo's images from Debian packages", () =>
    Promise.all([buildImage(demoImage("v1"), images, signal), buildImage(demoImage("v2"), images, signal)]),
  );
  await step("Load them into the nodes", async () => {
    for (const archive of archives)
      await Promise.all(nodes.map(({ layout }) => loadImage(layout, archive, { signal })));
  });
  const applied = { fieldManager: "kubets-demo", force: true, signal };
  await client.resource(deployments).namespace("default").apply(deployment, applied);
  const service = await client.resource(services).namespace("default").apply(demoService, applied);
  const url = `http://${service.spec?.clusterIP}/`;
  const answer = await step("The web server answers", () => firstAnswer(url, signal));
  return { url, next: nextSteps(cluster, service, url, answer) };
}

const labels = { app: name };

const deployment: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "default", labels },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name: "web",
            image: demoImageName("v1"),
            ports: [{ name: "http", containerPort: 80 }],
            // Clients are led elsewhere before nginx closes its door: without this an update loses a request now and then.
            lifecycle: { preStop: { sleep: { seconds: 1 } } },
            readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
};

const demoService: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", labels },
  spec: { type: "NodePort", selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
};

/** @throws Error when nothing answers in time */
async function firstAnswer(url: string, signal: AbortSignal): Promise<string> {
  const deadline = realClock.monotonic() + answersWithinMs;
  let last: unknown;
  while (realClock.monotonic() < deadline) {
    try {
      return await get(url, signal);
    } catch (error) {
      signal.throwIfAborted();
      last = error;
      await realClock.sleep(100, signal);
    }
  }
  const why = messageOf(last);
  throw new Error(`the demo did not answer at ${url} (${why}); kubectl describe pods -l app=${name} tells more`);
}

function get(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, signal, timeout: 2_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`it answered ${response.statusCode}`)),
      );
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 2 s")));
    request.on("error", reject);
  });
}

function nextSteps({ kubectlFlags, config }: StartedCluster, service: Service, url: string, answer: string): string {
  const said = answer
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const node = localNodes(config)[0];
  const nodePort = service.spec?.ports?.[0]?.nodePort;
  const k = `kubectl ${kubectlFlags}`;
  return `
The demo answers at ${url} (and at http://${node?.address}:${nodePort}/):
  ${said}

Try next:
  ${k}get pods -o wide
  ${k}scale deployment demo --replicas 4
  ${k}set image deployment demo web=${demoImageName("v2")} && ${k}rollout status deployment demo
  ${k}rollout undo deployment demo
  ${k}exec -it deploy/demo -- sh
  ${k}port-forward service/demo 8080:80
  ${process.env["KUBETS_COMMAND"] ?? "kubets"} status${config.name === "kubets" ? "" : ` --name ${config.name}`}`;
}
