export { etcdBinary, etcdctlBinary, etcdTestSkip } from "./etcd-binary.ts";
export { type EtcdCluster, type EtcdClusterOptions, type EtcdMember, startEtcd } from "./etcd-cluster.ts";
export { type RawEtcd, rawEtcd } from "./raw-etcd.ts";
