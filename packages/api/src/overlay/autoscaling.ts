/** The autoscaling group. */

import type { GroupOverlay } from "./rules.ts";

export const autoscalingOverlay: GroupOverlay = {
  "v2.HPAScalingRules": { tolerance: "type=Quantity" },
  "v2.HorizontalPodAutoscalerStatus": { conditions: "map=type strategy=merge key=type" },
  "v2.MetricTarget": { averageValue: "type=Quantity", value: "type=Quantity" },
  "v2.MetricValueStatus": { averageValue: "type=Quantity", value: "type=Quantity" },
  "v1.CrossVersionObjectReference": { $self: "atomic" },
  "v1.ScaleSpec": { replicas: "zero" },
};
