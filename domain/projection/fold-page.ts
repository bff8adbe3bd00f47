import type { Partition } from '../archive/index.ts';
import type { IdentifierSource } from '../identifiers/index.ts';
import { addRest, byStream, foldStreams, PAGE_SIZE } from './fold-streams.ts';
import type { FoldedRow, ProjectedRow, UnreadEvent } from './projected-row.ts';
import type { Counts } from './rebuild-checkpoint.ts';
import type { Range, RebuildTables } from './rebuild-store.ts';
import { createStreamFold, type Folded } from './stream-fold.ts';

interface FoldedPage {
  range: Range;
  rows: (ProjectedRow | FoldedRow)[];
  identifiers: IdentifierSource[];
  counts: Counts;
}

/** Folds the first whole streams after a correlation id. */
export async function foldPage(
  tables: RebuildTables,
  partition: Partition,
  after: string,
  processKey: string | null,
  counts: Counts,
  limit: number = PAGE_SIZE,
): Promise<FoldedPage> {
  const events = await tables.events(partition, after, limit);
  const streams = byStream(events);
  let upTo = events.length < limit ? null : lastWhole(streams);
  const current = await tables.rows(partition, { after, upTo }, limit);
  if (current.length === limit) {
    // Rows without events, perhaps: the page ends with them. Ids are ASCII, and sort as in the database.
    const end = current.at(-1)?.correlationId ?? '';
    upTo = end;
    for (const id of streams.keys()) if (id > end) streams.delete(id);
  }
  const known = new Map(current.map((row) => [row.correlationId, row]));
  for (const id of known.keys()) if (!streams.has(id)) streams.set(id, []);
  const rows: FoldedPage['rows'] = [];
  const identifiers: IdentifierSource[] = [];
  let next = counts;
  const take = (folded: Folded): void => {
    if (folded.row) rows.push(folded.row);
    if (folded.row && folded.identifiers) identifiers.push(folded.identifiers);
    next = count(next, folded);
  };
  const doubtful: string[] = [];
  for (const [id, stream] of streams) {
    const row = known.get(id) ?? null;
    const fold = createStreamFold(row, processKey);
    for (const event of stream) fold.add(event);
    const version = stream.at(-1)?.version ?? 0;
    if (stream.length === limit) await addRest(tables, partition, id, version, fold);
    const folded = fold.end();
    // The row was read after the events, and may know of some that came in between.
    if (folded.difference && (row?.version ?? 0) > version) doubtful.push(id);
    else take(await unlessUnpublished(tables, folded));
  }
  for (const folded of await foldStreams(tables, partition, doubtful, processKey)) take(folded);
  return { range: { after, upTo }, rows, identifiers, counts: next };
}

/**
 * The last stream of a full page may continue behind it, and is removed. One that fills the page is kept: it is
 * read to its end by itself.
 */
function lastWhole(streams: Map<string, UnreadEvent[]>): string {
  const ids = [...streams.keys()];
  const last = ids.at(-1) ?? '';
  if (ids.length > 1) streams.delete(last);
  return ids.at(-2) ?? last;
}

/** A row is not missing when the job that makes it is still to come. */
async function unlessUnpublished(tables: RebuildTables, folded: Folded): Promise<Folded> {
  if (folded.difference !== 'missing' || !folded.last) return folded;
  const isUnpublished = await tables.isUnpublished(String(folded.last.id));
  return isUnpublished ? { ...folded, difference: null } : folded;
}

function count(counts: Counts, { events, isRebuilt, last, difference }: Folded): Counts {
  const next = { ...counts, read: counts.read + events };
  if (isRebuilt && last) {
    next.processes++;
    next.events += events;
  }
  if (difference) next[difference]++;
  return next;
}
