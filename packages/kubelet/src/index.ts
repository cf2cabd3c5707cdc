export { defaultConfiguration, type KubeletConfiguration } from "./configuration.ts";
export { kubeletConfigurationFile, type ParsedConfiguration, parseKubeletConfiguration } from "./configuration-file.ts";
export { Kubelet } from "./kubelet.ts";
export type { KubeletOptions, KubeletParts } from "./kubelet-options.ts";
export { apiPodSource, type PodHandler, type PodSource, SharedPodSource } from "./pods/pod-source.ts";
export type { ServerTls } from "./server/server.ts";
export * from "./simulated/index.ts";
