/** `--service-cluster-ip-range` and `--service-node-port-range`. Source: cmd/kube-apiserver/app/options/validation.go. */

import { parseCidr } from "@kubets/apimachinery";

/** What upstream takes, with a warning, where nothing is said. */
export const defaultServiceRange = "10.0.0.0/24";

const malformed = ["service-cluster-ip-range[0] is not a valid cidr", "service-cluster-ip-range[1] is not an ip net"];

export function serviceRangeProblems(ranges: string | undefined, ports: string): string[] {
  const problems: string[] = [];
  const list = (ranges ?? defaultServiceRange).split(",");
  if (list.length > 2) problems.push("--service-cluster-ip-range must not contain more than two entries");
  const cidrs = list.slice(0, 2).map(parseCidr);
  for (const [index, cidr] of cidrs.entries()) {
    if (cidr === undefined) problems.push(malformed[index] as string);
    else if ((cidr.family === 4 ? 32 : 128) - cidr.prefix < 3)
      problems.push("the service cluster IP range must be at least 8 IP addresses");
  }
  if (cidrs.length === 2 && cidrs[0] !== undefined && cidrs[0].family === cidrs[1]?.family)
    problems.push("--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family");
  const [, first = "", last = ""] = /^(\d+)-(\d+)$/.exec(ports) ?? [];
  if (first === "" || Number(first) > Number(last) || Number(last) > 65535)
    problems.push(
      `invalid argument ${JSON.stringify(ports)} for "--service-node-port-range" flag: want the first and the last port, such as 30000-32767`,
    );
  return problems;
}
