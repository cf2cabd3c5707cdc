/**
 * CEL that selects devices. Source: dynamic-resource-allocation's cel/compile.go, with DRAConsumableCapacity on and DRAListTypeAttributes, which is
 * alpha, off.
 */

import type { SelectorCheck } from "@kubets/api";
import { type FieldError, type FieldPath, forbiddenField, invalidValue, TimeSlice } from "@kubets/apimachinery";
import type { Environment, Program } from "@kubets/cel";

type Cel = typeof import("@kubets/cel");

/** What one evaluation for one device may cost. Source: CELSelectorExpressionMaxCost of resource.k8s.io. */
const selectorCostLimit = 1_000_000;

const sizes = { domain: 63, id: 32, driver: 63, attribute: 64, attributes: 32 };

/** `device`: its driver, and attributes and capacities by domain and name. */
export function deviceEnvironment(cel: Cel): Environment {
  const text = (maxElements: number) => ({ ...cel.stringType, maxElements });
  const byName = (value: ReturnType<Cel["mapType"]>) =>
    cel.mapType(text(sizes.domain), cel.mapType(text(sizes.id), value, sizes.attributes), sizes.attributes);
  const device = cel.objectType("kubernetes.DRADevice", {
    driver: text(sizes.driver),
    attributes: byName(cel.anyType(sizes.attribute)),
    capacity: byName(cel.opaqueType("kubernetes.Quantity")),
    allowMultipleAllocations: { ...cel.boolType, maxElements: 1 },
  });
  return new cel.Environment({ variables: { device }, bindings: true });
}

/** The program, or upstream's complaint. */
export function compileSelector(cel: Cel, environment: Environment, expression: string): Program | string {
  const { program, message } = cel.compile(expression, environment);
  if (program === undefined) {
    return message.startsWith("program instantiation failed") ? message : `compilation failed: ${message}`;
  }
  const { resultType } = program;
  if (resultType.kind === "bool" || cel.isAny(resultType)) return program;
  return `must evaluate to bool or the unknown type, not ${cel.formatType(resultType)}`;
}

/** Checks expressions with others' turns in between: a claim may have a thousand of them. @returns what is wrong with each of them */
export async function selectorCheck(cel: Cel, expressions: Iterable<string>): Promise<SelectorCheck> {
  const environment = deviceEnvironment(cel);
  const slice = new TimeSlice();
  const faults = new Map<string, Fault | undefined>();
  for (const expression of new Set(expressions)) {
    faults.set(expression, faultOf(compileSelector(cel, environment, expression)));
    if (slice.over) await slice.end();
  }
  return (expression, at): readonly FieldError[] => {
    const fault = faults.get(expression);
    return fault === undefined ? [] : [fault(at, expression)];
  };
}

type Fault = (at: FieldPath, expression: string) => FieldError;

function faultOf(program: Program | string): Fault | undefined {
  if (typeof program === "string") return (at, expression) => invalidValue(at, expression, program);
  const tooComplex = program.estimateCost().max > selectorCostLimit;
  return tooComplex ? (at) => forbiddenField(at, "too complex, exceeds cost limit") : undefined;
}
