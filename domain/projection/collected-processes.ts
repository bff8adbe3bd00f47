import type { Partition } from '../archive/index.ts';
import type { IdentifierRow, IdentifierSource, IndexedProcess } from '../identifiers/index.ts';
import { type CheckedEvent, createStreamCheck } from './check-stream.ts';
import { inspectProcess, type ProcessParts } from './inspect-process.ts';
import type { ProjectedRow } from './projected-row.ts';
import type { InspectedProcess, VerifiedPage, VerifyFilter } from './verification.ts';

/** Collects what a database reads of some processes. */
export interface CollectedProcesses {
  /** The rows of a partition must come before its events. */
  row(partition: Partition, row: ProjectedRow): void;
  /** The events of a stream must come in the order of their versions. */
  event(partition: Partition, event: CheckedEvent): void;
  identifier(partition: Partition, row: IdentifierRow): void;
  /** The identifiers in first events; their rows have to be given to `expectIdentifiers` before any result. */
  sources(): IdentifierSource[];
  expectIdentifiers(processes: ReadonlyMap<string, IndexedProcess>): void;
  /** What was read of one process, even if that is nothing. */
  partsOf(correlationId: string): ProcessParts;
  /** The result for all processes. */
  page(last: string | null, filter: VerifyFilter, now: number): VerifiedPage;
  /** The result for one process. */
  inspect(correlationId: string, filter: VerifyFilter, now: number): InspectedProcess;
}

export function createCollectedProcesses(): CollectedProcesses {
  const processes = new Map<string, ProcessParts>();

  function partsOf(correlationId: string): ProcessParts {
    const known = processes.get(correlationId);
    if (known) return known;
    const parts: ProcessParts = {
      correlationId,
      live: { row: null, stream: null, identifiers: [], expected: null },
      archived: { row: null, stream: null, identifiers: [], expected: null },
    };
    processes.set(correlationId, parts);
    return parts;
  }

  return {
    row(partition, row) {
      partsOf(row.correlationId)[partition].row = row;
    },
    event(partition, event) {
      const part = partsOf(event.correlationId)[partition];
      part.stream ??= createStreamCheck(part.row?.version ?? 0);
      part.stream.add(event);
    },
    identifier(partition, row) {
      partsOf(row.correlationId)[partition].identifiers.push(row);
    },
    sources: () =>
      [...processes.values()].flatMap(({ live, archived }) =>
        [live, archived].flatMap(({ stream }) => stream?.identifiers ?? []),
      ),
    expectIdentifiers(indexed) {
      for (const { correlationId, live, archived } of processes.values()) {
        for (const part of [live, archived]) {
          if (part.stream?.identifiers) part.expected = indexed.get(correlationId) ?? null;
        }
      }
    },
    partsOf,
    page(last, filter, now) {
      const page: VerifiedPage = {
        last,
        processes: 0,
        events: 0,
        unhashed: 0,
        lagging: 0,
        suspects: [],
      };
      for (const parts of processes.values()) {
        if (!belongsTo(parts, filter.processName)) continue;
        const { lagging, differences, events, unhashed } = resultOf(parts, filter, now);
        page.processes++;
        page.events += events;
        page.unhashed += unhashed;
        if (lagging) page.lagging++;
        if (differences.length > 0) page.suspects.push(parts.correlationId);
      }
      return page;
    },
    inspect: (correlationId, filter, now) => resultOf(partsOf(correlationId), filter, now),
  };
}

function resultOf(parts: ProcessParts, { maxLagMs }: VerifyFilter, now: number): InspectedProcess {
  const { live, archived } = parts;
  const sum = (count: 'events' | 'unhashed'): number =>
    (live.stream?.[count] ?? 0) + (archived.stream?.[count] ?? 0);
  const inspection = inspectProcess(parts, new Date(now - maxLagMs).toISOString());
  return { ...inspection, events: sum('events'), unhashed: sum('unhashed') };
}

/** A row that names another process than its events is inspected for both. */
function belongsTo({ live, archived }: ProcessParts, processName: string | undefined): boolean {
  if (processName === undefined) return true;
  const found = [live.row, archived.row, live.stream, archived.stream];
  return found.some((one) => one?.processName === processName);
}
