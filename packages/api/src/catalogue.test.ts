import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveSchema } from "@kubets/apimachinery";
import { definitions, findDefinition } from "./catalogue.ts";
import { resourceTable } from "./generated/resource-table.ts";
import { schemaSet } from "./schema-set.ts";

const key = (d: { group: string; version: string; plural: string }) => `${d.group}/${d.version}/${d.plural}`;

test("every stable resource upstream serves is in the catalogue, once", () => {
  assert.deepEqual(definitions().map(key).sort(), resourceTable.map(key).sort());
});

test("groups stand together and resources are sorted within a group and version", () => {
  const groups = definitions().map((d) => `${d.group}/${d.version}`);
  assert.deepEqual(
    groups.filter((group, i) => group !== groups[i - 1]),
    [...new Set(groups)],
  );
  for (const group of new Set(groups)) {
    const plurals = definitions()
      .filter((d) => `${d.group}/${d.version}` === group)
      .map((d) => d.plural);
    assert.deepEqual(plurals, [...plurals].sort(), group);
  }
});

for (const definition of definitions()) {
  test(`${key(definition)} agrees with the generated table and its schema`, () => {
    const row = resourceTable.find((r) => key(r) === key(definition))!;
    assert.equal(definition.kind, row.kind);
    assert.equal(definition.namespaced, row.namespaced);
    assert.deepEqual(definition.verbs, row.verbs);
    const named = row.subresources.map((sub) => sub.name).filter((name) => name !== "status" && name !== "scale");
    assert.deepEqual(definition.subresources.map((sub) => sub.name).sort(), named);
    assert.equal(
      definition.status !== undefined,
      row.subresources.some((sub) => sub.name === "status"),
    );
    assert.equal(
      definition.scale !== undefined,
      row.subresources.some((sub) => sub.name === "scale"),
    );
    const schema = resolveSchema(definition.schema, schemaSet);
    assert.equal(schema["x-kubernetes-group-version-kind"]?.[0]?.kind, definition.kind);
    assert.equal(definition.columns?.filter((column) => column.name === "Name").length, 1);
  });
}

test("short names are not given twice", () => {
  const seen = new Map<string, string>();
  for (const { shortNames, plural } of definitions()) {
    for (const name of shortNames) {
      assert.ok((seen.get(name) ?? plural) === plural, `${name}: ${plural} and ${seen.get(name)}`);
      seen.set(name, plural);
    }
  }
});

test("a definition is found by group, version and plural", () => {
  assert.equal(findDefinition("", "v1", "nodes")?.storagePath, "minions");
  assert.equal(findDefinition("apps", "v1", "nodes"), undefined);
});

test("columns of an object with nothing in it are cells and no errors", () => {
  for (const definition of definitions()) {
    for (const column of definition.columns ?? []) {
      const cell = column.value({ metadata: { name: "x" } }, { now: 0 });
      assert.ok(
        cell === null || ["string", "number", "boolean"].includes(typeof cell),
        `${key(definition)} ${column.name}: ${String(cell)}`,
      );
    }
  }
});

test("strategies take an object with nothing in it", () => {
  const context = { now: 0, uuid: () => "uid", random: () => 0 };
  for (const { strategy, kind } of definitions()) {
    const object = { kind, metadata: { name: "x" } };
    strategy.setDefaults?.(object);
    strategy.prepareForCreate?.(object, context);
    strategy.validate?.(object);
    strategy.prepareForUpdate?.(object, { kind, metadata: { name: "x" } }, context);
    strategy.validateUpdate?.(object, { kind, metadata: { name: "x" } });
  }
});
