import type { FoldRow } from './fold-row.ts';
import type { Side } from './sides.ts';
import { createStreamFold, type Folded } from './stream-fold.ts';
import type { RebuildTables } from './tables.ts';

/** Events and rows read at once: some milliseconds of writing, a few megabytes of memory. */
export const PAGE = 1_000;
/** Streams that are read at once. */
const TOGETHER = 50;

/**
 * Folds streams, wherever in the table they are. The rows are read before the events, so a row that knows more
 * than its events is wrong.
 */
export async function foldStreams(
  tables: RebuildTables,
  side: Side,
  ids: readonly string[],
  processKey: string | null,
): Promise<Folded[]> {
  const result: Folded[] = [];
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const some = ids.slice(at, at + TOGETHER);
    const known = new Map(
      (await tables.rowsOf(side, some)).map((row) => [row.correlation_id, row]),
    );
    const events = await tables.eventsOf(side, some, PAGE);
    const streams = byStream(events);
    for (const id of some) {
      const fold = createStreamFold(known.get(id) ?? null, processKey);
      // A page that is full may have ended within a stream.
      if (events.length === PAGE) await addRest(tables, side, id, 0, fold);
      else for (const event of streams.get(id) ?? []) fold.add(event);
      result.push(fold.end());
    }
  }
  return result;
}

/** Adds the events of a stream from a version on, a page at a time. */
export async function addRest(
  tables: RebuildTables,
  side: Side,
  id: string,
  afterVersion: number,
  fold: ReturnType<typeof createStreamFold>,
): Promise<void> {
  let version = afterVersion;
  for (;;) {
    const events = await tables.stream(side, id, version, PAGE);
    for (const event of events) fold.add(event);
    const last = events.at(-1);
    if (!last || events.length < PAGE) return;
    version = last.version;
  }
}

export function byStream(events: readonly FoldRow[]): Map<string, FoldRow[]> {
  const streams = new Map<string, FoldRow[]>();
  let stream: FoldRow[] = [];
  let id: string | undefined;
  for (const event of events) {
    if (event.correlation_id !== id) {
      id = event.correlation_id;
      stream = [];
      streams.set(id, stream);
    }
    stream.push(event);
  }
  return streams;
}
