/** The resource group. */

import type { GroupOverlay } from "./rules.ts";

export const resourceOverlay: GroupOverlay = {
  AllocatedDeviceStatus: { conditions: "map=type", data: "type=RawExtension" },
  AllocationResult: { devices: "zero" },
  CapacityRequestPolicy: { default: "type=Quantity", validValues: "of=Quantity" },
  CapacityRequestPolicyRange: { max: "type=Quantity", min: "type=Quantity", step: "type=Quantity" },
  CapacityRequirements: { requests: "of=Quantity" },
  Counter: { value: "type=Quantity" },
  DeviceCapacity: { value: "type=Quantity" },
  DeviceRequestAllocationResult: { consumedCapacity: "of=Quantity" },
  DeviceToleration: { operator: "default=Equal" },
  OpaqueDeviceConfiguration: { parameters: "type=RawExtension" },
  ResourceClaimSpec: { devices: "zero" },
  ResourceClaimStatus: { devices: "map=driver,device,pool,shareID", reservedFor: "map=uid strategy=merge key=uid" },
  DeviceTaintRuleStatus: { conditions: "map=type strategy=merge key=type" },
  ResourcePoolStatusRequestStatus: { conditions: "map=type strategy=merge key=type" },
  "v1beta1.DeviceRequest": { deviceClassName: "zero" },
  NodeAllocatableResourceMapping: { allocationMultiplier: "type=Quantity" },
};
