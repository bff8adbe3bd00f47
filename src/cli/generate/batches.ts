import { type IdentifierSource, indexedIn } from '../../../domain/identifiers/index.ts';
import {
  decide,
  evolve,
  hashJson,
  isEnded,
  type ProcessEvent,
  type ProcessState,
  type StoredEvent,
} from '../../../domain/process/index.ts';
import {
  EVENT_COLUMNS,
  IDENTIFIER_COLUMNS,
  PROCESS_COLUMNS,
} from '../../../infrastructure/sql/columns.ts';
import { expectedHash } from '../../../infrastructure/sql/event-hash.ts';
import { stored, toEventRow } from '../../../infrastructure/sql/event-row.ts';
import { toIdentifierColumns } from '../../../infrastructure/sql/identifier-rows.ts';
import { toProcessRow } from '../../../infrastructure/sql/process-row.ts';
import { createCourse, MAX_COURSE_MS, type Plot } from './course.ts';
import { createPayloads } from './payload.ts';
import { createRandom, type Random } from './random.ts';
import type { Move } from './step-moves.ts';
import { createSubject } from './subjects.ts';
import type { Volumes } from './volumes.ts';

/** Values of a row, in the order of the columns. */
export type Values = (string | number | Uint8Array | null)[];

/** Whole processes, to be written in one transaction. */
export interface Batch {
  /** `id`, the columns of EVENT_COLUMNS and `archived_at`, in id order; null there: a live event. */
  events: Values[];
  /** The columns of PROCESS_COLUMNS and `archived_at`. */
  processes: Values[];
  /** The columns of IDENTIFIER_COLUMNS, and the `archived_at` of their process. */
  identifiers: Values[];
}

/** Events in one batch, about. */
const BATCH_EVENTS = 2_000;
const YEAR_MS = 365 * 86_400_000;
const ARCHIVED_AFTER_MS = 90 * 86_400_000;
/** What a process has on average: only for guesses ahead. */
const AVERAGE_EVENTS = 7;

interface Planned {
  correlationId: string;
  moves: Move[];
  identifiers: IdentifierSource['identifiers'];
  archived: boolean;
  /** Id of the first event of each move. */
  ids: number[];
}

/**
 * Makes processes until there are as many events as asked for, with the process that reaches the number
 * whole. The oldest come first; ids follow the times within a batch, as they would in a log.
 *
 * @param firstId of the first event
 */
export function* createBatches(volumes: Volumes, firstId: number): Generator<Batch, void, void> {
  const { events, seed, until, archived, pending, errors, ids } = volumes;
  const random = createRandom(seed);
  const payload = createPayloads(random, volumes.payload);
  const end = Date.parse(until);
  const begin = end - YEAR_MS;
  const span = YEAR_MS - MAX_COURSE_MS - 1;
  const newId = ids === 'random' ? random.uuid : random.timeOrderedUuid;
  let planned = 0;
  let processes = 0;
  let pendingSoFar = 0;
  let nextId = firstId;

  /** Pending ones are among the last: the rate is what is missing yet over what is to come yet. */
  function isPending(): boolean {
    if (planned < Math.max(archived, 1 - 2 * pending) * events) return false;
    const toCome = (events - planned) / AVERAGE_EVENTS;
    const missing = pending * (processes + toCome) - pendingSoFar;
    return random.chance(missing / toCome);
  }

  function plan(): Planned {
    const plot = isPending() ? 'pending' : chooseEnd(random, errors);
    const subject = createSubject(random, payload);
    const { definition, variables } = subject;
    const startedAt = begin + Math.floor((span * (planned + random.next())) / events);
    const correlationId = newId(startedAt);
    const traceId = random.hex(32);
    const application = random.pick(['portal', 'app', 'back-office']);
    const batchId = `batch-${new Date(startedAt).toISOString().slice(0, 10)}`;
    const identifiers = definition.identifiers(variables);
    const moves = createCourse(random, subject, plot, {
      at: startedAt,
      newId,
      identity: {
        batchId,
        traceabilityId: traceId,
        applicationId: application,
        originatingSystem: 'FastifyAPI',
        identifiers,
        traceparent: `00-${traceId}-${random.hex(16)}-01`,
      },
      actor: application,
      requestHash: hashJson({
        processKey: definition.key,
        variables,
        batchId,
        applicationId: application,
      }),
    });
    const isArchived = planned < archived * events;
    const process = { correlationId, moves, identifiers, archived: isArchived, ids: [] };
    planned += moves.reduce((sum, move) => sum + move.events, 0);
    processes++;
    if (plot === 'pending') pendingSoFar++;
    return process;
  }

  while (planned < events) {
    const before = planned;
    const group: Planned[] = [];
    while (planned < events && planned - before < BATCH_EVENTS) group.push(plan());
    nextId = giveIds(group, nextId);
    yield build(group, end);
  }
}

function chooseEnd(random: Random, errors: number): Exclude<Plot, 'pending'> {
  const dice = random.next();
  if (dice < errors * 0.55) return 'refused';
  if (dice < errors * 0.9) return 'broken';
  if (dice < errors) return 'cancelled';
  // As many again have trouble and end well all the same.
  if (dice < errors * 1.8) return 'bumpy';
  return dice < errors * 2 ? 'mended' : 'well';
}

/** Ids in the order of the times. @returns the next one that is free */
function giveIds(group: readonly Planned[], firstId: number): number {
  const all = group.flatMap(({ moves, ids }) => moves.map((move, at) => ({ move, at, ids })));
  all.sort((one, other) => one.move.at - other.move.at);
  let next = firstId;
  for (const { move, at, ids } of all) {
    ids[at] = next;
    next += move.events;
  }
  return next;
}

function build(group: readonly Planned[], end: number): Batch {
  const events: Values[] = [];
  const processes: Values[] = [];
  const identifiers: Values[] = [];
  for (const process of group) {
    const { state, rows } = live(process);
    const archivedAt = process.archived ? archiveTime(state, end) : null;
    for (const row of rows) {
      row.push(archivedAt);
      events.push(row);
    }
    const row = toProcessRow(state);
    processes.push([...PROCESS_COLUMNS.map((name) => row[name]), archivedAt]);
    for (const values of identifierRows({ ...state, identifiers: process.identifiers })) {
      identifiers.push([...values, archivedAt]);
    }
  }
  events.sort((one, other) => Number(one[0]) - Number(other[0]));
  return { events, processes, identifiers };
}

function identifierRows({ correlationId, processName, identifiers }: IdentifierSource): Values[] {
  return indexedIn(identifiers).map((one) => {
    const row = toIdentifierColumns({ correlationId, processName, ...one });
    return IDENTIFIER_COLUMNS.map((name) => row[name]);
  });
}

/** Lets a process go its course. */
function live({ correlationId, moves, ids }: Planned): { state: ProcessState; rows: Values[] } {
  const rows: Values[] = [];
  let state: ProcessState | null = null;
  let previous: Buffer | null = null;
  for (const [at, { at: time, command }] of moves.entries()) {
    const createdAt = new Date(time).toISOString();
    if (command.type === 'record-start') command.requestId = String(ids[0]);
    const decided: ProcessEvent[] = decide(command, state);
    for (const [nth, event] of decided.entries()) {
      const id = (ids[at] ?? 0) + nth;
      const version = rows.length + 1;
      const row = toEventRow(correlationId, version, event, createdAt);
      row.hash = expectedHash(row, previous);
      previous = row.hash;
      rows.push([id, ...EVENT_COLUMNS.map((name) => row[name])]);
      const place = { id: String(id), correlationId, version, createdAt };
      const next: StoredEvent = stored(event, place);
      state = evolve(state, next);
    }
  }
  if (!state) throw new Error('a process has one event at least');
  return { state, rows };
}

/** The night after the process was old enough. */
function archiveTime(state: ProcessState, end: number): string {
  if (!isEnded(state)) throw new Error('a pending process is not archived');
  const due = new Date(Date.parse(state.updatedAt) + ARCHIVED_AFTER_MS);
  due.setUTCHours(26, 30, 0, 0);
  return new Date(Math.min(due.getTime(), end)).toISOString();
}
