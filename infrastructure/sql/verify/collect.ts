import type { LookResult, VerifiedPage, VerifyFilter } from '../../../domain/projection/index.ts';
import type { FoundEventRow } from '../event-row.ts';
import { encodeFilter } from '../process-name.ts';
import type { ProcessRow } from '../process-row.ts';
import { createStreamCheck } from './check-stream.ts';
import { type ArchivedProcessRow, inspectProcess, type ProcessTables } from './inspect-process.ts';

export type Place = 'live' | 'archived';

/** Takes the rows of some processes as a database gives them, the rows of the processes first. */
export interface Collected {
  liveRow(row: ProcessRow): void;
  archivedRow(row: ArchivedProcessRow): void;
  /** The events of a stream must come in the order of their versions. */
  event(place: Place, id: string, row: FoundEventRow): void;
  /** What is known of one process: empty when nothing came. */
  tablesOf(correlationId: string): ProcessTables;
  /** What came in all. */
  page(last: string | null, filter: VerifyFilter, now: number): VerifiedPage;
  look(correlationId: string, filter: VerifyFilter, now: number): LookResult;
}

/** @param keepLinks true to have broken chains explained, which takes memory for each event */
export function createCollected(keepLinks: boolean): Collected {
  const processes = new Map<string, ProcessTables>();

  function tablesOf(correlationId: string): ProcessTables {
    const known = processes.get(correlationId);
    if (known) return known;
    const tables: ProcessTables = {
      correlationId,
      live: { row: null, stream: null },
      archived: { row: null, stream: null },
    };
    processes.set(correlationId, tables);
    return tables;
  }

  return {
    liveRow: (row) => {
      tablesOf(row.correlation_id).live.row = row;
    },
    archivedRow: (row) => {
      tablesOf(row.correlation_id).archived.row = row;
    },
    event(place, id, row) {
      const part = tablesOf(row.correlation_id)[place];
      part.stream ??= createStreamCheck(part.row?.version ?? 0, keepLinks);
      part.stream.add(id, row);
    },
    tablesOf,
    page(last, filter, now) {
      const page: VerifiedPage = {
        last,
        processes: 0,
        events: 0,
        unhashed: 0,
        lagging: 0,
        suspects: [],
      };
      for (const tables of processes.values()) {
        if (!isOf(tables, filter.processName)) continue;
        const { lagging, differences, events, unhashed } = resultOf(tables, filter, now);
        const sound =
          (tables.live.stream?.sound ?? true) && (tables.archived.stream?.sound ?? true);
        page.processes++;
        page.events += events;
        page.unhashed += unhashed;
        if (lagging) page.lagging++;
        if (differences.length > 0 || !sound) page.suspects.push(tables.correlationId);
      }
      return page;
    },
    look: (correlationId, filter, now) => resultOf(tablesOf(correlationId), filter, now),
  };
}

function resultOf(tables: ProcessTables, { maxLagMs }: VerifyFilter, now: number): LookResult {
  const { live, archived } = tables;
  const sum = (count: 'events' | 'unhashed'): number =>
    (live.stream?.[count] ?? 0) + (archived.stream?.[count] ?? 0);
  const inspection = inspectProcess(tables, new Date(now - maxLagMs).toISOString());
  return { ...inspection, events: sum('events'), unhashed: sum('unhashed') };
}

/** A row that says another process than its events is looked at for both. */
function isOf({ live, archived }: ProcessTables, processName: string | undefined): boolean {
  if (processName === undefined) return true;
  const name = encodeFilter(processName);
  const { row } = live;
  return [row, archived.row].some((one) => one?.process_name === name)
    ? true
    : [live.stream, archived.stream].some((stream) => stream?.processName === name);
}
