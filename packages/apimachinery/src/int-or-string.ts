/** Values that are a count or a percentage of one: `maxSurge: 25%`. Texts: apimachinery's util/intstr. */

/** A count, or text: mostly a percentage such as `25%`, for ports a name. */
export type IntOrString = number | string;

/** `value` as a count: itself, or a percentage of `total`, rounded as asked. @throws Error with upstream's text */
export function scaledValueFromIntOrPercent(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) throw new Error("nil value for IntOrString");
  if (typeof value === "number") return value;
  if (!value.endsWith("%")) {
    throw new Error("invalid value for IntOrString: invalid type: string is not a percentage");
  }
  const digits = value.slice(0, -1);
  if (!/^[+-]?\d+$/.test(digits)) {
    const reason = `strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`;
    throw new Error(`invalid value for IntOrString: invalid value ${JSON.stringify(value)}: ${reason}`);
  }
  const scaled = (Number(digits) * total) / 100;
  return roundUp ? Math.ceil(scaled) : Math.floor(scaled);
}

/** The number of a percentage's text, undefined for other values. */
export function percentOf(value: IntOrString | undefined): number | undefined {
  return typeof value === "string" && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}
