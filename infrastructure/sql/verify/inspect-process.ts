import type { Difference, DifferenceKind } from '../../../domain/projection/index.ts';
import type { ProcessRow } from '../process-row.ts';
import type { StreamCheck } from './check-stream.ts';
import { compareRow } from './compare-row.ts';
import { explainChain } from './explain-chain.ts';

export type ArchivedProcessRow = ProcessRow & { archived_at: string };

/** What the four tables hold of one process. */
export interface ProcessTables {
  correlationId: string;
  live: { row: ProcessRow | null; stream: StreamCheck | null };
  archived: { row: ArchivedProcessRow | null; stream: StreamCheck | null };
}

export interface Inspection {
  differences: Difference[];
  /** The row has not seen the last events, which is in order for some time. */
  lagging: boolean;
}

const NAMES = {
  live: { rows: 'process_store', events: 'event_log' },
  archived: { rows: 'process_store_archive', events: 'event_log_archive' },
} as const;

/**
 * Says what does not fit together.
 *
 * @param lagSince time (ISO 8601) of the oldest event that the row of a live process need not have seen
 */
export function inspectProcess(tables: ProcessTables, lagSince: string): Inspection {
  const { correlationId, live, archived } = tables;
  const differences: Difference[] = [];
  const say = (
    kind: DifferenceKind,
    message: string,
    more: Partial<Pick<Difference, 'version' | 'eventId' | 'columns'>> = {},
  ): void => {
    differences.push({ kind, correlationId, version: null, eventId: null, message, ...more });
  };
  for (const { stream } of [live, archived]) {
    if (stream && !stream.sound) differences.push(...explainChain(correlationId, stream.links));
    // Of one that somebody altered it is said what was altered.
    for (const { kind, message, ...event } of stream?.sound ? stream.strays : []) {
      say(kind, message, event);
    }
    if (stream?.unreadable) {
      const { version, id, reason } = stream.unreadable;
      say('event-unreadable', `the event cannot be read: ${reason}`, { version, eventId: id });
    }
  }
  if (live.stream && archived.stream) {
    const { live: one, archived: other } = { live: live.stream, archived: archived.stream };
    say('in-both', `${one.events} events are live, ${other.events} are archived`);
    return { differences, lagging: false };
  }
  const place = live.stream ? 'live' : 'archived';
  const stream = tables[place].stream;
  const rows = [live.row, archived.row].filter((row) => row !== null);
  if (!stream) {
    for (const row of rows) {
      const { status, version, updated_at: at } = row;
      say(
        'row-without-events',
        `there are no events; the row says ${status} at version ${version}, ${at}`,
      );
    }
    return { differences, lagging: false };
  }
  const other = place === 'live' ? 'archived' : 'live';
  if (tables[other].row) {
    say(
      'row-misplaced',
      `a row is in ${NAMES[other].rows}, the events are in ${NAMES[place].events}`,
    );
  }
  const row = tables[place].row;
  const isLate = place === 'archived' || (stream.unseenSince ?? '') < lagSince;
  if (!row) {
    if (tables[other].row === null && (isLate || stream.unseenSince === null)) {
      say('row-missing', `there is no row in ${NAMES[place].rows} for ${stream.events} events`);
    }
    return { differences, lagging: differences.length === 0 };
  }
  if (row.version > stream.lastVersion) {
    say(
      'row-ahead',
      `the row has seen version ${row.version}: the events after version ${stream.lastVersion} were removed`,
      { version: stream.lastVersion + 1 },
    );
    return { differences, lagging: false };
  }
  const differs = stream.stateOfRow && compareRow(row, stream.stateOfRow);
  if (differs) {
    say('row-differs', `${NAMES[place].rows}: ${differs.message}`, { columns: differs.columns });
  }
  const behind = row.version < stream.lastVersion;
  if (behind && isLate) {
    say(
      'row-behind',
      `the row is at version ${row.version}, the events at ${stream.lastVersion} since ${stream.unseenSince}`,
    );
  }
  const { row: archivedRow } = archived;
  if (place === 'archived' && archivedRow && archivedRow.archived_at !== stream.archivedAt) {
    say(
      'archived-at',
      `the row was archived at ${archivedRow.archived_at}, its first event at ${stream.archivedAt}`,
    );
  }
  return { differences, lagging: behind && differences.length === 0 };
}
