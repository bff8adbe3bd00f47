import { REPAIRABLE } from '../../../domain/projection/index.ts';
import { type ProcessRow, toProcessRow } from '../process-row.ts';
import type { Place } from './collect.ts';
import { inspectProcess, type ProcessTables } from './inspect-process.ts';

export type RepairPlan =
  /** There is nothing to do, or nothing that may be done. */
  | { kind: 'none'; done: boolean; message: string }
  | { kind: 'remove-rows'; message: string }
  /** The row as it is to be, in the table beside its events; none in the other one. */
  | { kind: 'write'; place: Place; row: ProcessRow; archivedAt: string | null; message: string };

/**
 * Decides how a process is repaired. A row is written anew from its events only where these are sound:
 * else what somebody did to the events would be taken over, and its last trace lost.
 */
export function planRepair(tables: ProcessTables): RepairPlan {
  const { correlationId, live, archived } = tables;
  // The bound lies in the future: a row that has not seen all events is brought up to them as well.
  const { differences } = inspectProcess(tables, '9999');
  const hopeless = differences.find(({ kind }) => !REPAIRABLE.includes(kind));
  if (hopeless) {
    return { kind: 'none', done: false, message: `nothing was changed: ${hopeless.message}` };
  }
  if (differences.length === 0) return { kind: 'none', done: true, message: 'is in order by now' };
  const place = live.stream ? 'live' : 'archived';
  const stream = live.stream ?? archived.stream;
  if (!stream) {
    const rows = [live.row, archived.row].filter((row) => row !== null);
    const said = rows.map(({ status, version }) => `${status} at version ${version}`).join(', ');
    return { kind: 'remove-rows', message: `removed the row without events, which said ${said}` };
  }
  if (!stream.state) throw new Error(`the stream ${correlationId} is sound and has no state`);
  const table = place === 'live' ? 'process_store' : 'process_store_archive';
  return {
    kind: 'write',
    place,
    row: toProcessRow(stream.state),
    archivedAt: stream.archivedAt,
    message: `wrote its row in ${table} anew from ${stream.events} events`,
  };
}
