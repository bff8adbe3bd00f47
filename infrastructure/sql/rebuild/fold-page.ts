import type { Counts } from './checkpoint.ts';
import type { FoldRow } from './fold-row.ts';
import { addRest, byStream, foldStreams, PAGE } from './fold-streams.ts';
import type { Side } from './sides.ts';
import { createStreamFold, type Folded } from './stream-fold.ts';
import type { KeptRow, Range, RebuildTables } from './tables.ts';

export interface Page {
  range: Range;
  rows: KeptRow[];
  counts: Counts;
}

/** Folds whole streams, those that come first after an id. */
export async function foldPage(
  tables: RebuildTables,
  side: Side,
  after: string,
  processKey: string | null,
  counts: Counts,
  limit: number = PAGE,
): Promise<Page> {
  const events = await tables.events(side, after, limit);
  const streams = byStream(events);
  let upTo: string | null = null;
  if (events.length === limit) {
    const ids = [...streams.keys()];
    const last = ids.at(-1) ?? '';
    // The last stream may go on behind the page. One that fills it is read to its end by itself.
    if (ids.length > 1) streams.delete(last);
    upTo = [...streams.keys()].at(-1) ?? last;
  }
  let rows = await tables.rows(side, { after, upTo }, limit);
  if (rows.length === limit) {
    // Rows without events, perhaps: the page ends with them. Ids are ASCII, and sort as in the database.
    const end = rows.at(-1)?.correlation_id ?? '';
    upTo = end;
    for (const id of streams.keys()) if (id > end) streams.delete(id);
  }
  const known = new Map(rows.map((row) => [row.correlation_id, row]));
  rows = [];
  let next = counts;
  const take = (folded: Folded): void => {
    if (folded.row) rows.push(folded.row);
    next = count(next, folded);
  };
  const doubtful: string[] = [];
  for (const [id, stream] of [...streams, ...without(known, streams)]) {
    const fold = createStreamFold(known.get(id) ?? null, processKey);
    for (const event of stream) fold.add(event);
    const version = stream.at(-1)?.version ?? 0;
    if (stream.length === limit) await addRest(tables, side, id, version, fold);
    const folded = fold.end();
    // The row was read after the events, and may know of some that came in between.
    if (folded.difference && (known.get(id)?.version ?? 0) > version) doubtful.push(id);
    else take(await judged(tables, folded));
  }
  for (const folded of await foldStreams(tables, side, doubtful, processKey)) take(folded);
  return { range: { after, upTo }, rows, counts: next };
}

/** A row is not missing when the job that makes it is still to come. */
async function judged(tables: RebuildTables, folded: Folded): Promise<Folded> {
  if (folded.difference !== 'missing' || !folded.last) return folded;
  const toCome = await tables.isToCome(String(folded.last.id));
  return toCome ? { ...folded, difference: null } : folded;
}

function without(
  known: ReadonlyMap<string, KeptRow>,
  streams: ReadonlyMap<string, FoldRow[]>,
): [string, FoldRow[]][] {
  return [...known.keys()].filter((id) => !streams.has(id)).map((id) => [id, []]);
}

function count(counts: Counts, folded: Folded): Counts {
  const { events: read } = folded;
  const next = { ...counts, read: counts.read + read };
  if (folded.own && folded.last) {
    next.processes++;
    next.events += read;
  }
  if (folded.difference) next[folded.difference]++;
  return next;
}
