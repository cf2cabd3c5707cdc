/** Lists: a page of a kind's objects as they were at one revision, and where the next one begins. */

import { type ListMeta, StatusError, TimeSlice } from "@kubets/apimachinery";
import { CompactedError } from "@kubets/storage";
import { type ListOptions, parseResourceVersion } from "../request/list-options.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import { listPrefix } from "./keys.ts";
import type { Registry } from "./registry.ts";
import type { Selection } from "./selection.ts";
import type { ServedObject } from "./served-object.ts";
import { interpretStoreError } from "./store-errors.ts";

export interface ListPage {
  readonly items: readonly ServedObject[];
  readonly metadata: ListMeta;
}

/** Where a list begins, and of when it is. */
interface ListStart {
  readonly after: string | undefined;
  readonly revision: number | undefined;
  readonly atLeast: number | undefined;
  /** Continued beyond the life of its first page's picture. */
  readonly inconsistent: boolean;
}

/** How many entries a selective, limited list reads at a time. */
const selectivePageSize = 500;

const inconsistentContinueMessage =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** @throws StatusError 400 for a token or version that cannot be read, 410 for one that is too old, 504 for one from the future */
export async function readList(
  registry: Registry,
  namespace: string,
  selection: Selection,
  options: ListOptions,
): Promise<ListPage> {
  const prefix = listPrefix(registry.definition, namespace);
  const { after, revision, atLeast, inconsistent } = startOf(options);
  const limit = options.resourceVersion === "0" ? 0 : Math.max(options.limit, 0);
  try {
    return await readPage(registry, prefix, selection, { limit, after, revision, atLeast });
  } catch (error) {
    if (error instanceof CompactedError) throw expired(options, inconsistent ? undefined : after);
    throw interpretStoreError(error);
  }
}

async function readPage(
  registry: Registry,
  prefix: string,
  selection: Selection,
  start: Pick<ListStart, "after" | "revision" | "atLeast"> & { limit: number },
): Promise<ListPage> {
  const items: ServedObject[] = [];
  const slice = new TimeSlice();
  let { after, revision } = start;
  let remaining = 0;
  for (;;) {
    const size = start.limit === 0 ? undefined : selection.empty ? start.limit : selectivePageSize;
    const page = await registry.store.list(prefix, {
      ...(size === undefined ? {} : { limit: size }),
      ...(after === undefined ? {} : { after: prefix + after }),
      ...(revision === undefined ? {} : { revision }),
      ...(start.atLeast === undefined ? {} : { atLeast: start.atLeast }),
    });
    revision ??= page.revision;
    remaining = page.remaining;
    const waiting = registry.readable(page.entries);
    if (waiting !== undefined) await waiting;
    for (const [index, entry] of page.entries.entries()) {
      // What was never parsed, or is of another version, takes its time.
      if (index % 16 === 15 && slice.over) await slice.end();
      after = entry.key.slice(prefix.length);
      const served = registry.served(entry);
      if (!selection.empty && !selection.matches(served)) continue;
      items.push(served);
      if (items.length === start.limit) {
        remaining += page.entries.length - 1 - index;
        break;
      }
    }
    if (remaining === 0 || page.entries.length === 0 || items.length === start.limit || start.limit === 0) break;
  }
  return { items, metadata: listMeta(revision, after, remaining, selection) };
}

function listMeta(revision: number, after: string | undefined, remaining: number, selection: Selection): ListMeta {
  if (remaining === 0 || after === undefined) return { resourceVersion: String(revision) };
  return {
    resourceVersion: String(revision),
    continue: encodeContinue({ revision, after }),
    ...(selection.empty ? { remainingItemCount: remaining } : {}),
  };
}

function startOf(options: ListOptions): ListStart {
  if (options.continue !== "") {
    const token = decodeContinue(options.continue);
    if (options.resourceVersion !== "" && options.resourceVersion !== "0") {
      throw new StatusError(400, "BadRequest", "specifying resource version is not allowed when using continue");
    }
    const inconsistent = token.revision < 0;
    const revision = inconsistent ? undefined : token.revision;
    return { after: token.after, revision, atLeast: undefined, inconsistent };
  }
  const asked = parseResourceVersion(options.resourceVersion);
  // Upstream's rule for a limited list of a given version without a match: exactly that version.
  const exact =
    options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0 && asked > 0);
  return {
    after: undefined,
    revision: exact && asked > 0 ? asked : undefined,
    atLeast: options.resourceVersion === "" ? undefined : asked,
    inconsistent: false,
  };
}

function expired(options: ListOptions, after: string | undefined): StatusError {
  if (options.continue === "" || after === undefined) {
    return new StatusError(410, "Expired", "The resourceVersion for the provided list is too old.");
  }
  return new StatusError(410, "Expired", inconsistentContinueMessage, {
    metadata: { continue: encodeContinue({ revision: -1, after }) },
  });
}
