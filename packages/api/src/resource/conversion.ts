/** resource.k8s.io/v1beta1 and what came of it: requests and devices had one level less, or one more. Source: pkg/apis/resource/v1beta1. */

import type { KubeObject } from "@kubets/apimachinery";
import type {
  Device,
  DeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from "../generated/types.ts";
import type { DeviceRequestV1beta1, DeviceV1beta1 } from "../generated/unstable-types.ts";

const wantedFields = [
  "adminAccess",
  "allocationMode",
  "capacity",
  "count",
  "deviceClassName",
  "selectors",
  "tolerations",
];

/** v1beta1 has what is exactly wanted in the request itself. */
function requestToV1(request: DeviceRequestV1beta1): DeviceRequest {
  const { name, firstAvailable, ...wanted } = request;
  const given = Object.fromEntries(Object.entries(wanted).filter(([field]) => wantedFields.includes(field)));
  const exactly =
    Object.keys(given).length > 0 ? { exactly: given as unknown as NonNullable<DeviceRequest["exactly"]> } : {};
  return { name, ...exactly, ...(firstAvailable === undefined ? {} : { firstAvailable }) } as DeviceRequest;
}

function requestToV1beta1({ exactly, ...rest }: DeviceRequest): DeviceRequestV1beta1 {
  return { ...rest, ...exactly } as DeviceRequestV1beta1;
}

/** v1beta1 has what a device is like below `basic`. */
const deviceToV1 = ({ name, basic }: DeviceV1beta1) => ({ name, ...basic }) as Device;
const deviceToV1beta1 = ({ name, ...basic }: Device): DeviceV1beta1 => ({ name, basic }) as DeviceV1beta1;

type Spec = Record<string, unknown>;

function mapRequests(spec: ResourceClaimSpec | undefined, change: (request: never) => unknown): Spec | undefined {
  if (spec?.devices?.requests === undefined) return spec as Spec | undefined;
  return { ...spec, devices: { ...spec.devices, requests: spec.devices.requests.map((r) => change(r as never)) } };
}

function withSpec(object: KubeObject, spec: unknown): KubeObject {
  return spec === undefined ? object : ({ ...object, spec } as KubeObject);
}

function convert(
  object: KubeObject,
  request: (request: never) => unknown,
  device: (device: never) => unknown,
): KubeObject {
  switch (object.kind) {
    case "ResourceClaim":
      return withSpec(object, mapRequests((object as ResourceClaim).spec, request));
    case "ResourceClaimTemplate": {
      const { spec } = object as ResourceClaimTemplate;
      return withSpec(object, spec && { ...spec, spec: mapRequests(spec.spec, request) });
    }
    case "ResourceSlice": {
      const { spec } = object as ResourceSlice;
      if (spec?.devices === undefined) return object;
      return withSpec(object, { ...spec, devices: spec.devices.map((d) => device(d as never)) });
    }
    default:
      return object;
  }
}

export const resourceToV1 = (object: KubeObject): KubeObject => convert(object, requestToV1, deviceToV1);
export const resourceToV1beta1 = (object: KubeObject): KubeObject => convert(object, requestToV1beta1, deviceToV1beta1);
