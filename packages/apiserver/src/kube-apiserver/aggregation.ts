/** The layer that passes requests on to the servers of APIServices, and what it shows them. */

import { Aggregator } from "../aggregation/index.ts";
import { frontProxyHeaders } from "../authentication/kube-identity.ts";
import { followFile } from "../configuration/watched-file.ts";
import { followPair, type ServingPair } from "../server/serving-tls.ts";
import { EndpointResolver } from "../webhook/index.ts";
import { authorities } from "./certificates.ts";
import type { Ground } from "./ground.ts";
import type { KubeApiServerOptions } from "./options.ts";

export async function aggregationLayer({ options, reader, meters, signal }: Ground): Promise<Aggregator> {
  const {
    certificates,
    proxyClient = certificates?.frontProxyClient,
    authentication = {},
    clock,
    random,
    logger,
  } = options;
  const { clientCA, requestHeaderCA } = authorities(options);
  const headers =
    requestHeaderCA === undefined ? {} : { ...frontProxyHeaders, ...authentication.requestHeader, requestHeaderCA };
  const aggregator = new Aggregator({
    reader,
    services: new EndpointResolver(reader, random),
    dial: options.egress?.cluster,
    rejectRedirects: options.rejectRedirects !== false,
    ...(proxyClient === undefined ? {} : { proxyClient }),
    trust: { ...headers, ...(clientCA === undefined ? {} : { clientCA }) },
    clock,
    logger,
    meters,
  });
  await aggregator.follow(signal);
  followTrust(aggregator, options, signal);
  return aggregator;
}

/** What this server shows to aggregated ones, and whom they are to trust, when the files change. */
function followTrust(aggregator: Aggregator, options: KubeApiServerOptions, signal: AbortSignal): void {
  const { proxyClient, authentication = {}, clock, logger } = options;
  const { clientCA: content, clientCAFile: path, requestHeader } = authentication;
  const means = { clock, logger };
  if (proxyClient?.files !== undefined) {
    const shown = ({ cert: certificate, key }: Omit<ServingPair, "files">) =>
      aggregator.useProxyClient({ certificate, key });
    followPair({ ...proxyClient, cert: proxyClient.certificate }, shown, means, signal);
  }
  // Both end with the signal, and tell their failures themselves.
  if (content !== undefined && path !== undefined) {
    const apply = (clientCA: string) => aggregator.trustAlso({ clientCA });
    void followFile({ path, content, apply, ...means }, signal);
  }
  if (requestHeader?.caFile !== undefined) {
    const apply = (requestHeaderCA: string) => aggregator.trustAlso({ requestHeaderCA });
    void followFile({ path: requestHeader.caFile, content: requestHeader.ca, apply, ...means }, signal);
  }
}
