/** An API server set up the hard way: certificates, keys and tokens as files, and `bin/kube-apiserver` with upstream's flags. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { realClock, unheardError } from "@kubets/apimachinery";
import { ensureClusterCertificates, superAdminCertificate } from "@kubets/apiserver/certificates";
import { cleanUp } from "./clean-up.ts";
import { isolatedEnv, testDirectory } from "./cluster.ts";
import { eventually } from "./eventually.ts";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { type Result, type Running, run, start } from "./run.ts";

const program = fileURLToPath(new URL("../../bin/kube-apiserver", import.meta.url));

export interface HardWay {
  readonly directory: string;
  readonly port: number;
  /** Of the guide; more may be added, and a flag that is given again replaces what was said before. */
  readonly flags: readonly string[];
  file(name: string, text: string): string;
  /** Starts the program and waits until it is ready; it ends with the test at the latest. */
  start(...more: string[]): Promise<Running>;
  /** The program to its end. */
  run(...args: string[]): Promise<Result>;
  readonly admin: Kubectl;
  withToken(token: string): Promise<Kubectl>;
}

export async function hardWay(t: TestContext): Promise<HardWay> {
  const directory = await testDirectory(t);
  const port = await freePort();
  const pkiDirectory = join(directory, "pki");
  const addresses = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "10.32.0.1"] };
  const { pki } = await ensureClusterCertificates({ directory: pkiDirectory, clock: realClock, ...addresses });
  await superAdminCertificate(pki);
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority": pki.path("ca.crt") };
  const kubectl = (name: string, user: object) => {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    };
    return kubectlFor(file(`${name}.kubeconfig`, JSON.stringify(config)), directory);
  };
  const certificates = {
    "client-certificate": pki.path("super-admin.crt"),
    "client-key": pki.path("super-admin.key"),
  };
  const admin = await kubectl("admin", certificates);
  const env = isolatedEnv(directory);
  const flags = guideFlags(port, (name) => pki.path(name));
  return {
    directory,
    port,
    flags,
    file,
    admin,
    withToken: (token) => kubectl(`token-${token.length}-${token.slice(0, 8)}`, { token }),
    run: (...args) => run(program, args, { env, cwd: directory }),
    async start(...more) {
      const running = start(program, [...flags, ...more], { env, cwd: directory });
      cleanUp(t, async () => {
        const { stderr } = await running.stop("SIGKILL");
        if (stderr.includes(unheardError)) throw new Error(`its log tells of a fault:\n${stderr}`);
      });
      await eventually(
        async () => {
          if (running.child.exitCode !== null) throw new Error(`it ended: ${running.stderr}`);
          return (await admin.try(["get", "--raw", "/readyz"])).stdout === "ok";
        },
        { what: "an API server that is ready" },
      );
      return running;
    },
  };
}

/** Those of "Kubernetes the hard way", and of kubeadm's static pod. */
function guideFlags(port: number, pki: (file: string) => string): string[] {
  return [
    "--advertise-address=127.0.0.1",
    "--allow-privileged=true",
    "--apiserver-count=1",
    "--authorization-mode=Node,RBAC",
    "--bind-address=127.0.0.1",
    `--client-ca-file=${pki("ca.crt")}`,
    "--enable-admission-plugins=NamespaceLifecycle,NodeRestriction,LimitRanger,ServiceAccount,DefaultStorageClass,ResourceQuota",
    "--enable-bootstrap-token-auth=true",
    "--event-ttl=1h",
    `--kubelet-certificate-authority=${pki("ca.crt")}`,
    `--kubelet-client-certificate=${pki("apiserver-kubelet-client.crt")}`,
    `--kubelet-client-key=${pki("apiserver-kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    `--proxy-client-cert-file=${pki("front-proxy-client.crt")}`,
    `--proxy-client-key-file=${pki("front-proxy-client.key")}`,
    "--requestheader-allowed-names=front-proxy-client",
    `--requestheader-client-ca-file=${pki("front-proxy-ca.crt")}`,
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    "--runtime-config=api/all=true",
    `--secure-port=${port}`,
    `--service-account-key-file=${pki("sa.pub")}`,
    `--service-account-signing-key-file=${pki("sa.key")}`,
    `--service-account-issuer=https://127.0.0.1:${port}`,
    "--service-cluster-ip-range=10.32.0.0/24",
    "--service-node-port-range=30000-32767",
    `--tls-cert-file=${pki("apiserver.crt")}`,
    `--tls-private-key-file=${pki("apiserver.key")}`,
    "--v=2",
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
