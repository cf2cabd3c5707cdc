/** The part of upstream's KubeletConfiguration (kubelet.config.k8s.io/v1beta1) that this kubelet reads, with upstream's defaults. */

export interface KubeletConfiguration {
  readonly address: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly staticPodPath: string;
  /** How often a kubelet with an unchanged node writes its status. */
  readonly nodeStatusReportFrequencySeconds: number;
  readonly nodeStatusUpdateFrequencySeconds: number;
  readonly nodeLeaseDurationSeconds: number;
  readonly clusterDomain: string;
  readonly clusterDNS: readonly string[];
  readonly resolvConf: string;
  readonly maxPods: number;
  readonly podPidsLimit: number;
  readonly cgroupsPerQOS: boolean;
  /** `cgroupfs` or `systemd`. Asked of the runtime where it can tell. */
  readonly cgroupDriver: "cgroupfs" | "systemd";
  readonly cgroupRoot: string;
  readonly cpuCFSQuota: boolean;
  readonly runtimeRequestTimeoutSeconds: number;
  /** Bytes. */
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
  readonly containerLogMonitorIntervalSeconds: number;
  readonly evictionHard: Readonly<Record<string, string>>;
  readonly evictionPressureTransitionPeriodSeconds: number;
  readonly evictionMonitorIntervalSeconds: number;
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly crashLoopBackOffMaxSeconds: number;
  readonly serializeImagePulls: boolean;
  readonly registerNode: boolean;
  readonly registerWithTaints: readonly { key: string; value?: string; effect: string }[];
  readonly enableServer: boolean;
  readonly enableDebuggingHandlers: boolean;
  readonly nodeStatusMaxImages: number;
  readonly seccompRoot: string;
  readonly providerID: string;
  readonly authentication: {
    readonly anonymous: { readonly enabled: boolean };
    readonly webhook: { readonly enabled: boolean; readonly cacheTTLSeconds: number };
  };
  readonly authorization: { readonly mode: "Webhook" | "AlwaysAllow" };
}

/** Upstream's defaults. */
export const defaultConfiguration: KubeletConfiguration = {
  address: "0.0.0.0",
  port: 10250,
  staticPodPath: "",
  nodeStatusReportFrequencySeconds: 300,
  nodeStatusUpdateFrequencySeconds: 10,
  nodeLeaseDurationSeconds: 40,
  clusterDomain: "cluster.local",
  clusterDNS: [],
  resolvConf: "/etc/resolv.conf",
  maxPods: 110,
  podPidsLimit: -1,
  cgroupsPerQOS: true,
  cgroupDriver: "cgroupfs",
  cgroupRoot: "/",
  cpuCFSQuota: true,
  runtimeRequestTimeoutSeconds: 120,
  containerLogMaxSize: 10 * 1024 * 1024,
  containerLogMaxFiles: 5,
  containerLogMonitorIntervalSeconds: 10,
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
  },
  evictionPressureTransitionPeriodSeconds: 300,
  evictionMonitorIntervalSeconds: 10,
  systemReserved: {},
  kubeReserved: {},
  crashLoopBackOffMaxSeconds: 300,
  serializeImagePulls: true,
  registerNode: true,
  registerWithTaints: [],
  enableServer: true,
  enableDebuggingHandlers: true,
  nodeStatusMaxImages: 50,
  seccompRoot: "/var/lib/kubelet/seccomp",
  providerID: "",
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTLSeconds: 120 } },
  authorization: { mode: "Webhook" },
};
