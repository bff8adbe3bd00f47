import { expect } from 'vitest';
import { readMasterKeys } from '../../domain/personal-data/master-keys.ts';
import { createPersonalData, type PersonalData } from '../../domain/personal-data/personal-data.ts';
import { createVault } from '../../domain/personal-data/vault.ts';
import type { ProcessEvent, StoredEvent } from '../../domain/process/events.ts';
import type { EventRow } from '../../infrastructure/sql/columns.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { expectedHash } from '../../infrastructure/sql/event-hash.ts';
import { identity } from './events.ts';

/** Master keys in the form of PERSONAL_DATA_KEY. */
export const MASTER = Buffer.alloc(32, 'first').toString('base64');
export const OTHER_MASTER = Buffer.alloc(32, 'other').toString('base64');

/** The personal data of the tests, which must not be found unencrypted. */
export const PERSON = {
  email: 'ada.lovelace@example.com',
  fullName: 'Ada Lovelace-Byron',
  refusal: 'There is an account for ada.lovelace@example.com already.',
} as const;

/** The personal fields of the process `onboard-user` in these tests. */
export const PERSONAL = ['email', 'name', 'children.*.name', 'message', 'errorMessage'];

export interface Instance extends Pick<Database, 'eventStore' | 'processStore'> {
  personal: PersonalData;
}

/** One of several service instances on a database, composed as by the composition root. */
export function instanceOn(
  database: Database,
  masterKey = MASTER,
  clock?: { now(): number },
): Instance {
  const personal = createPersonalData({
    vault: createVault({
      keys: database.processKeys,
      masterKeys: readMasterKeys(masterKey),
      ...(clock ? { clock } : {}),
    }),
    personalOf: (processName) => (processName === 'onboard-user' ? PERSONAL : []),
    log: { warn() {} },
  });
  return {
    personal,
    eventStore: personal.eventStore(database.eventStore),
    processStore: personal.processStore(database.processStore),
  };
}

const common = {
  processName: 'onboard-user',
  identity: { ...identity, identifiers: { userId: '42', email: PERSON.email } },
  audit: {},
};

/** Events of a process, one of each kind, with personal data in every field that may have it. */
export const PERSONAL_EVENTS = {
  requested: {
    ...common,
    type: 'process-requested',
    data: {
      variables: {
        userId: '42',
        email: PERSON.email,
        name: PERSON.fullName,
        children: [{ name: PERSON.fullName, age: 7 }],
      },
      requestHash: 'hash-of-guessable-data',
    },
  },
  started: { ...common, type: 'process-started', data: { processInstanceId: 'instance-1' } },
  refused: {
    ...common,
    type: 'step-failed',
    step: { name: 'call-onboarding-api', number: 3 },
    data: {
      taskId: 'personal-1',
      attempt: 1,
      input: { userId: '42', email: PERSON.email },
      kind: 'business',
      code: 'ACCOUNT_EXISTS',
      message: PERSON.refusal,
      retriesLeft: 0,
      retryIn: 0,
    },
  },
  completedStep: {
    ...common,
    type: 'step-completed',
    step: { name: 'handle-error', number: 5 },
    data: {
      taskId: 'personal-2',
      attempt: 1,
      input: { errorMessage: PERSON.refusal, errorCode: 'ACCOUNT_EXISTS' },
      output: { code: 'ACCOUNT_EXISTS', message: PERSON.refusal },
    },
  },
  failed: {
    ...common,
    type: 'process-failed',
    data: {
      kind: 'technical',
      code: 'ACCOUNT_EXISTS',
      message: PERSON.refusal,
      failedStep: 'call-onboarding-api',
    },
  },
  retried: { ...common, type: 'process-retried', data: { reason: PERSON.refusal } },
  cancelled: { ...common, type: 'process-cancelled', data: { reason: PERSON.refusal } },
  completed: {
    ...common,
    type: 'process-completed',
    data: { result: { message: `Welcome, ${PERSON.fullName}`, email: PERSON.email, score: 71 } },
  },
} as const satisfies Record<string, ProcessEvent>;

/** The personal texts that a value contains. */
export function foundIn(value: unknown): string[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Object.values(PERSON).filter((one) => text.includes(one));
}

/** The stored events of a process, live or archived. */
export async function rowsOf({ knex }: Pick<Database, 'knex'>, id: string): Promise<EventRow[]> {
  for (const table of ['event_log', 'event_log_archive']) {
    const rows = await knex(table).where({ correlation_id: id }).orderBy('version');
    if (rows.length === 0) continue;
    return rows.map((row) => ({ ...row, created_at: new Date(row.created_at).toISOString() }));
  }
  return [];
}

/** Everything that the tables contain about a process. */
export async function storedOf({ knex }: Pick<Database, 'knex'>, id: string): Promise<string> {
  const live = ['event_log', 'process_store', 'process_identifier'];
  const tables = [...live, ...live.map((table) => `${table}_archive`)];
  const rows = await Promise.all(tables.map((table) => knex(table).where({ correlation_id: id })));
  const outbox = await knex('outbox').where({ correlation_id: id });
  return JSON.stringify([rows, outbox]);
}

/** Expects that the rows of a stream have correct hashes. */
export function expectChain(rows: readonly EventRow[]): void {
  let previous: Buffer | null = null;
  for (const row of rows) {
    expect(row.hash?.toString('hex')).toBe(expectedHash(row, previous).toString('hex'));
    previous = row.hash;
  }
}

/** The fields of events that callers wrote, without those that the store adds. */
export const contents = (events: readonly StoredEvent[]) =>
  events.map(({ type, data, identity: { identifiers } }) => ({ type, data, identifiers }));
