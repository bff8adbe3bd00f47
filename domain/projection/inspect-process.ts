import type { Partition } from '../archive/index.ts';
import type { IdentifierRow, IndexedProcess } from '../identifiers/index.ts';
import { checkIdentifiers } from './check-identifiers.ts';
import type { StreamCheck } from './check-stream.ts';
import type { ProjectedRow } from './projected-row.ts';
import type { Difference, StreamFault } from './verification.ts';

/** What the tables of one partition hold of a process. */
interface ProcessPart {
  row: ProjectedRow | null;
  stream: StreamCheck | null;
  identifiers: IdentifierRow[];
  /** What its first event leads to; null without identifiers. */
  expected: IndexedProcess | null;
}

/** What all tables hold of one process. */
export interface ProcessParts extends Record<Partition, ProcessPart> {
  correlationId: string;
}

interface Inspection {
  differences: Difference[];
  /** The row has not seen the last events yet, which is normal for some time. */
  lagging: boolean;
}

type Finding = Omit<Difference, 'correlationId'>;

/** The tables as messages name them. */
const TABLES = {
  live: { rows: 'process_store', events: 'event_log', identifiers: 'process_identifier' },
  archived: {
    rows: 'process_store_archive',
    events: 'event_log_archive',
    identifiers: 'process_identifier_archive',
  },
} as const;

/**
 * Finds what does not fit together.
 *
 * @param lagSince time (ISO 8601) of the oldest event that the row of a live process need not have seen
 */
export function inspectProcess(parts: ProcessParts, lagSince: string): Inspection {
  const { correlationId, live, archived } = parts;
  const rows = inspectRows(parts, lagSince);
  const findings: Finding[] = [
    ...[live, archived].flatMap(({ stream }) => (stream ? faultsOf(stream) : [])),
    ...rows.findings,
  ];
  return {
    differences: findings.map((finding) => ({ ...finding, correlationId })),
    lagging: rows.lagging && findings.length === 0,
  };
}

/** The origin of events is not checked in a stream that somebody changed. */
function faultsOf({ broken, unreadable, foreign }: StreamCheck): StreamFault[] {
  const faults = broken ? [broken] : [...foreign];
  return unreadable ? [...faults, unreadable] : faults;
}

function inspectRows(
  { live, archived }: ProcessParts,
  lagSince: string,
): { findings: Finding[]; lagging: boolean } {
  if (live.stream && archived.stream) {
    const message = `${live.stream.events} events are live, ${archived.stream.events} are archived`;
    return { findings: [finding('in-both', message)], lagging: false };
  }
  const partition = live.stream ? 'live' : 'archived';
  const [here, other] = live.stream ? [live, archived] : [archived, live];
  if (!here.stream) return { findings: rowsWithoutEvents([live, archived]), lagging: false };
  const { stream, row } = here;
  const { rows: table, events } = TABLES[partition];
  const findings: Finding[] = [];
  if (other.row) {
    const found = TABLES[partition === 'live' ? 'archived' : 'live'].rows;
    findings.push(finding('row-misplaced', `a row is in ${found}, the events are in ${events}`));
  }
  if (other.identifiers.length > 0) {
    const { identifiers } = TABLES[partition === 'live' ? 'archived' : 'live'];
    findings.push(
      finding('identifiers-differ', `some are in ${identifiers}, the events are in ${events}`),
    );
  }
  const isLate = partition === 'archived' || (stream.unseenSince ?? '') < lagSince;
  if (row) {
    findings.push(...inspectRow(row, stream, table, isLate));
    const wrong = stream.broken ? null : checkIdentifiers(here.identifiers, here.expected);
    if (wrong) {
      const message = `${TABLES[partition].identifiers}: ${wrong}`;
      findings.push(finding('identifiers-differ', message));
    }
    if (partition === 'archived' && row.movedAt !== stream.archivedAt) {
      const message = `the row was archived at ${row.movedAt}, its first event at ${stream.archivedAt}`;
      findings.push(finding('archived-at', message));
    }
    return { findings, lagging: row.version < stream.lastVersion };
  }
  if (!other.row && (isLate || stream.unseenSince === null)) {
    findings.push(
      finding('row-missing', `there is no row in ${table} for ${stream.events} events`),
    );
  }
  return { findings, lagging: true };
}

function inspectRow(
  row: ProjectedRow,
  stream: StreamCheck,
  table: string,
  isLate: boolean,
): Finding[] {
  const { lastVersion, stateOfRow, unseenSince } = stream;
  if (row.version > lastVersion) {
    const message = `the row has seen version ${row.version}: the events after version ${lastVersion} were removed`;
    return [{ ...finding('row-ahead', message), version: lastVersion + 1 }];
  }
  const findings: Finding[] = [];
  const difference = stateOfRow && row.compare(stateOfRow);
  if (difference) {
    const { columns, message } = difference;
    findings.push({ ...finding('row-differs', `${table}: ${message}`), columns });
  }
  if (row.version < lastVersion && isLate) {
    const message = `the row is at version ${row.version}, the events at ${lastVersion} since ${unseenSince}`;
    findings.push(finding('row-behind', message));
  }
  return findings;
}

function rowsWithoutEvents(parts: readonly ProcessPart[]): Finding[] {
  return parts.flatMap(({ row, identifiers }) => {
    if (!row) {
      const message = 'there are identifiers, and neither events nor a row';
      return identifiers.length > 0 ? [finding('identifiers-differ', message)] : [];
    }
    const { status, version, updatedAt } = row;
    const message = `there are no events; the row says ${status} at version ${version}, ${updatedAt}`;
    return [finding('row-without-events', message)];
  });
}

function finding(kind: Finding['kind'], message: string): Finding {
  return { kind, version: null, eventId: null, message };
}
