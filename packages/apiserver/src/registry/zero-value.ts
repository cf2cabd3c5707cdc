/** What an object of a kind is before anything is in it: Go writes fields that are no pointers and have no `omitempty` whatever they hold. */

import { setSchemaDefaults } from "@kubets/api";
import { resolveSchema, type Schema, type SchemaSet } from "@kubets/apimachinery";

type Fields = Record<string, unknown>;

/** Nobody comes to own what is as it is here: structs on the way, and lists that are always written. */
export function zeroOf(schema: Schema, set: SchemaSet): Fields {
  const zero: Fields = {};
  setSchemaDefaults(zero, schema, set);
  setEmptyLists(zero, schema, set);
  return zero;
}

/** A list that a schema requires is null in Go until something is in it. */
function setEmptyLists(zero: Fields, schema: Schema, set: SchemaSet): void {
  const { properties = {}, required = [] } = resolveSchema(schema, set);
  for (const [name, property] of Object.entries(properties)) {
    const present = zero[name];
    if (typeof present === "object" && present !== null) setEmptyLists(present as Fields, property, set);
    else if (present === undefined && required.includes(name) && resolveSchema(property, set).type === "array") {
      zero[name] = null;
    }
  }
}
