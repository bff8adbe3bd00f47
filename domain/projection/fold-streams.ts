import type { Partition } from '../archive/index.ts';
import type { UnreadEvent } from './projected-row.ts';
import type { RebuildTables } from './rebuild-store.ts';
import { createStreamFold, type Folded, type StreamFold } from './stream-fold.ts';

/** Events and rows read at once: some milliseconds of writing, a few megabytes of memory. */
export const PAGE_SIZE = 1_000;
/** Streams that are read at once. */
const STREAMS_AT_ONCE = 50;

/**
 * Folds streams, wherever in the table they are. The rows are read before the events, so a row that knows more
 * than its events is wrong.
 */
export async function foldStreams(
  tables: RebuildTables,
  partition: Partition,
  ids: readonly string[],
  processKey: string | null,
): Promise<Folded[]> {
  const result: Folded[] = [];
  for (let at = 0; at < ids.length; at += STREAMS_AT_ONCE) {
    const some = ids.slice(at, at + STREAMS_AT_ONCE);
    const rows = new Map(
      (await tables.rowsOf(partition, some)).map((row) => [row.correlationId, row]),
    );
    const events = await tables.eventsOf(partition, some, PAGE_SIZE);
    const streams = byStream(events);
    for (const id of some) {
      const fold = createStreamFold(rows.get(id) ?? null, processKey);
      // A page that is full may have ended within a stream.
      if (events.length === PAGE_SIZE) await addRest(tables, partition, id, 0, fold);
      else for (const event of streams.get(id) ?? []) fold.add(event);
      result.push(fold.end());
    }
  }
  return result;
}

/** Adds the events of a stream from a version on, a page at a time. */
export async function addRest(
  tables: RebuildTables,
  partition: Partition,
  id: string,
  afterVersion: number,
  fold: StreamFold,
): Promise<void> {
  let version = afterVersion;
  for (;;) {
    const events = await tables.stream(partition, id, version, PAGE_SIZE);
    for (const event of events) fold.add(event);
    const last = events.at(-1);
    if (!last || events.length < PAGE_SIZE) return;
    version = last.version;
  }
}

/** The events of each stream; they come stream by stream. */
export function byStream(events: readonly UnreadEvent[]): Map<string, UnreadEvent[]> {
  const streams = new Map<string, UnreadEvent[]>();
  let stream: UnreadEvent[] = [];
  let id: string | undefined;
  for (const event of events) {
    if (event.correlationId !== id) {
      id = event.correlationId;
      stream = [];
      streams.set(id, stream);
    }
    stream.push(event);
  }
  return streams;
}
