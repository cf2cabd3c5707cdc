import { aborted } from "@kubets/apimachinery";
import { type ClusterRequest, prepareMachine, resolveConfig, startCluster, stopCluster } from "@kubets/cluster/manage";
import { defineCommand } from "../../lib/command.ts";
import { Progress } from "../../lib/progress.ts";

export const command = defineCommand({
  usage: "up [flags]",
  help: `
Starts a cluster and returns when it is ready; it goes on in the background. Run again, it finds the cluster as it is, and
brings back whatever is missing after a crash or a reboot. Flags left out keep their values from the first time.

Nodes run real containers through containerd and need root; what the machine lacks is installed from Debian's packages, and said.
Without root: kubets up --nodes 0 --simulated-nodes 3

  kubets up --demo                  a cluster with a web server on it
  kubets up --nodes 3               three nodes, each in a network namespace of its own
  kubets up --name ci --nodes 0     only the control plane`,
  flags: {
    name: { type: "string", value: "NAME", help: "the cluster's name", default: "kubets" },
    demo: { type: "boolean", help: "deploy a web server with two replicas and wait until it answers", default: false },
    foreground: { type: "boolean", help: "stay, and stop the cluster when interrupted", default: false },
    install: { type: "boolean", help: "install missing Debian packages (--no-install refuses)", default: true },
    nodes: { type: "number", help: "nodes with real containers; 0 for none (default 1)" },
    "simulated-nodes": { type: "number", help: "nodes without containers (default 0)" },
    "data-dir": { type: "string", value: "DIR", help: "where the cluster's data lives" },
    kubeconfig: { type: "string", value: "FILE", help: "write the kubeconfig there, instead of a context in your own" },
    "bind-address": { type: "string", value: "IP", help: "the address the API server listens on (default 127.0.0.1)" },
    "secure-port": {
      type: "number",
      value: "PORT",
      help: "its port; 0 picks a free one (default 6443 for the first cluster)",
    },
    "token-auth-file": {
      type: "string",
      value: "FILE",
      help: 'static tokens: lines of token,user,uid,"group1,group2"',
    },
    "etcd-servers": {
      type: "string",
      value: "URLS",
      help: "keep the cluster's objects in this etcd, such as https://10.0.0.1:2379,https://10.0.0.2:2379",
    },
    "etcd-cafile": { type: "string", value: "FILE", help: "who signed the etcd servers' certificates" },
    "etcd-certfile": { type: "string", value: "FILE", help: "the certificate to show to etcd" },
    "etcd-keyfile": { type: "string", value: "FILE", help: "its key" },
    "etcd-prefix": { type: "string", value: "PATH", help: "what keys begin with in etcd (default /registry)" },
    "encryption-provider-config": {
      type: "string",
      value: "FILE",
      help: "an EncryptionConfiguration: what is encrypted where it is stored, and with which keys; its changes are followed",
    },
    "kube-apiserver-arg": {
      type: "texts",
      value: "FLAG=VALUE",
      help: "a flag of kube-apiserver, such as runtime-config=api/beta=true or audit-log-path=/var/log/audit.log; may be repeated. All are replaced by those of the next time, and taken away by an empty one",
    },
    "service-cidr": {
      type: "string",
      value: "CIDR",
      help: "addresses of Services (default 10.96.0.0/16, or the next that is free)",
    },
    "pod-cidr": {
      type: "string",
      value: "CIDR",
      help: "addresses of pods (default 10.244.0.0/16, or the next that is free)",
    },
    egress: { type: "boolean", help: "let pods reach beyond the machine (--egress=false forbids it)" },
    quiet: { type: "boolean", short: "q", help: "print nothing but errors", default: false },
  },
  async run(flags, _rest, signal) {
    const apiServer = await apiServerArguments(flags["kube-apiserver-arg"]);
    const request: ClusterRequest = {
      nodes: flags.nodes,
      simulatedNodes: flags["simulated-nodes"],
      bindAddress: flags["bind-address"],
      securePort: flags["secure-port"],
      tokenAuthFile: flags["token-auth-file"],
      etcdServers: flags["etcd-servers"],
      etcdCafile: flags["etcd-cafile"],
      etcdCertfile: flags["etcd-certfile"],
      etcdKeyfile: flags["etcd-keyfile"],
      etcdPrefix: flags["etcd-prefix"],
      encryptionProviderConfig: flags["encryption-provider-config"],
      kubeApiserverArgs: apiServer?.args,
      serviceCIDR: flags["service-cidr"],
      podCIDR: flags["pod-cidr"],
      egress: flags.egress,
      kubeconfig: flags.kubeconfig,
    };
    const progress = new Progress({ quiet: flags.quiet });
    for (const warning of apiServer?.warnings ?? []) progress.line(`  ${warning}`);
    const started = performance.now();
    const reporter = {
      step: <T>(title: string, work: () => Promise<T>) => progress.step(title, work),
      tell: (line: string) => progress.line(`  ${line}`),
    };
    const options = { install: flags.install, signal, ...reporter };
    const config = await resolveConfig(flags.name, flags["data-dir"], request, (asked) =>
      prepareMachine(asked, options),
    );
    progress.line(`Cluster ${config.name}`);
    const cluster = await startCluster(config, options);
    progress.line(`Ready in ${((performance.now() - started) / 1000).toFixed(1)} s: ${cluster.server}`);
    if (flags.demo) {
      const { runDemo } = await import("@kubets/cluster/demo");
      const { next } = await runDemo(cluster, { signal, ...reporter });
      progress.line(next);
    } else progress.line(`Try: kubectl ${cluster.kubectlFlags}get nodes`);
    if (!flags.foreground) return;
    progress.line("Running; interrupt to stop.");
    // Waiting for a signal alone does not keep a process alive.
    const alive = setInterval(() => {}, 0x7fff_ffff);
    await aborted(signal);
    clearInterval(alive);
    await stopCluster(config, { deleteData: false, step: reporter.step });
  },
});

/** The flags are read by the table of kube-apiserver, which is loaded only when one is given. */
async function apiServerArguments(given: readonly string[] | undefined) {
  if (given === undefined) return undefined;
  const { clusterArguments } = await import("../../kube-apiserver/for-cluster.ts");
  return clusterArguments(given);
}
