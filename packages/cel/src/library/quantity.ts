/** `quantity('1Gi')`. Source: k8s.io/apiserver/pkg/cel/library/quantity.go. */

import { Quantity as Amount, QuantityError, tryParseQuantity } from "@kubets/apimachinery";
import { CelError } from "../cel-error.ts";
import { opaqueType } from "../types.ts";
import { type CelValue, Opaque } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

const type = opaqueType("kubernetes.Quantity");

class QuantityValue extends Opaque {
  readonly type = type;
  readonly amount: Amount;

  constructor(amount: Amount) {
    super();
    this.amount = amount;
  }

  override equals(other: CelValue): boolean {
    return other instanceof QuantityValue && this.amount.cmp(other.amount) === 0;
  }
}

function parse(text: string): QuantityValue {
  try {
    return new QuantityValue(Amount.parse(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelError(error.message);
    throw error;
  }
}

const nano = 1_000_000_000n;

/** The whole number it is, where it is one and fits. */
function integer({ amount }: QuantityValue): bigint | undefined {
  const nanos = amount.nanoValue();
  if (nanos % nano !== 0n) return undefined;
  const value = nanos / nano;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function asInteger(quantity: QuantityValue): bigint {
  const value = integer(quantity);
  if (value === undefined) throw new CelError("cannot convert value to integer");
  return value;
}

function sign({ amount }: QuantityValue): bigint {
  return BigInt(Math.sign(amount.sign()));
}

const compare = (a: QuantityValue, b: QuantityValue): number => Math.sign(a.amount.cmp(b.amount));
const q = "kubernetes.Quantity";

export const quantityFunctions: readonly Overload[] = [
  overload("quantity", "string_to_quantity", `(string): ${q}`, parse),
  overload(
    "isQuantity",
    "is_quantity_string",
    "(string): bool",
    (text: string) => tryParseQuantity(text) !== undefined,
  ),
  overload("sign", "quantity_sign", `${q}.(): int`, sign),
  overload("isGreaterThan", "quantity_is_greater_than", `${q}.(${q}): bool`, (a, b) => compare(a, b) > 0),
  overload("isLessThan", "quantity_is_less_than", `${q}.(${q}): bool`, (a, b) => compare(a, b) < 0),
  overload("compareTo", "quantity_compare_to", `${q}.(${q}): int`, (a, b) => BigInt(compare(a, b))),
  overload(
    "asApproximateFloat",
    "quantity_get_float",
    `${q}.(): double`,
    ({ amount }: QuantityValue) => Number(amount.nanoValue()) / 1e9,
  ),
  overload("asInteger", "quantity_get_int", `${q}.(): int`, asInteger),
  overload("isInteger", "quantity_is_integer", `${q}.(): bool`, (value: QuantityValue) => integer(value) !== undefined),
  overload(
    "add",
    "quantity_add",
    `${q}.(${q}): ${q}`,
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(a.amount.add(b.amount)),
  ),
  overload(
    "add",
    "quantity_add_int",
    `${q}.(int): ${q}`,
    (a: QuantityValue, b: bigint) => new QuantityValue(a.amount.add(Amount.of(b))),
  ),
  overload(
    "sub",
    "quantity_sub",
    `${q}.(${q}): ${q}`,
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(a.amount.sub(b.amount)),
  ),
  overload(
    "sub",
    "quantity_sub_int",
    `${q}.(int): ${q}`,
    (a: QuantityValue, b: bigint) => new QuantityValue(a.amount.sub(Amount.of(b))),
  ),
];
