import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import knex from 'knex';
import { timeOrderedId } from '../../domain/ids/index.ts';
import type { ProcessEvent } from '../../domain/process/index.ts';
import { EVENT_COLUMNS } from '../../infrastructure/sql/columns.ts';
import { toEventRow } from '../../infrastructure/sql/event-row.ts';
import { sqliteKnexConfig } from '../../infrastructure/sqlite/database.ts';
import { createGroupCommits } from '../../infrastructure/sqlite/group-commit.ts';
import { openSqlite } from '../../infrastructure/sqlite/open.ts';
import { migrateUp } from '../../migrations/migrate.ts';
import { startBody } from '../../src/http/routes/api/process/start.schema.ts';
import { A_HASH } from '../append.ts';
import { answerCalls } from '../support/child.ts';
import { INPUT, PROCESS_KEY } from '../support/four-steps.ts';
import { monotonicMs } from '../support/monotonic.ts';

/** Milliseconds from a request to the event that it waits for. */
const EVENT_DELAY_MS = 5;

/** Writes what makes a start durable; left out: nothing. */
let write: ((correlationId: string) => Promise<void>) | undefined;

/** Fastify with the service's schema for the body, and nothing else. */
const app = Fastify();
app.setValidatorCompiler(validatorCompiler);
app.post('/api/process/start', { schema: { body: startBody } }, async (_request, reply) => {
  const correlationId = timeOrderedId();
  await write?.(correlationId);
  const statusUrl = `/api/process/status/${correlationId}`;
  return reply
    .code(202)
    .header('Location', statusUrl)
    .header('Retry-After', '1')
    .send({ status: 'pending', correlationId, statusUrl });
});

/** The shortest way from an event in a process to an HTTP answer. */
const events = new EventEmitter();
events.setMaxListeners(0);
app.post('/wait', async () => {
  const correlationId = randomUUID();
  const happened = once(events, correlationId);
  setTimeout(() => events.emit(correlationId, monotonicMs()), EVENT_DELAY_MS);
  const [happenedAt] = await happened;
  return { happenedAt };
});

/** The event and its outbox row, made beforehand but for their ids, in a transaction of all starts of a turn. */
async function openRows(folder: string): Promise<typeof write> {
  const file = join(folder, 'bare.db');
  const connection = knex(sqliteKnexConfig(file));
  await migrateUp(connection);
  await connection.destroy();
  const db = openSqlite(file);
  const insertEvent = db.prepare(
    `INSERT INTO event_log (${EVENT_COLUMNS.join(', ')}) VALUES (${EVENT_COLUMNS.map(() => '?').join(', ')})`,
  );
  const insertOutbox = db.prepare(
    'INSERT INTO outbox (event_id, correlation_id, event_type, attempts, available_at, created_at) VALUES (?, ?, ?, 1, ?, ?)',
  );
  const event: ProcessEvent = {
    type: 'process-requested',
    processName: PROCESS_KEY,
    identity: { traceabilityId: A_TRACE, originatingSystem: 'FastifyAPI' },
    audit: { httpMethod: 'POST', endpoint: '/api/process/start', httpStatusCode: 202 },
    data: { variables: INPUT, requestHash: A_TRACE },
  };
  const row = { ...toEventRow('', 1, event, new Date().toISOString()), hash: A_HASH };
  const { synced } = createGroupCommits(db);
  return (correlationId) =>
    synced.write(() => {
      row.correlation_id = correlationId;
      const { lastInsertRowid: id } = insertEvent.run(EVENT_COLUMNS.map((name) => row[name]));
      insertOutbox.run(id, correlationId, event.type, row.created_at, row.created_at);
    });
}

const A_TRACE = '0af7651916cd43dd8448eb211c80319c';

const calls = {
  /** @param params `folder`: each start is durable, in a database there, before it is answered */
  async start({ folder }: { folder?: string }): Promise<string> {
    if (folder !== undefined) write = await openRows(folder);
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};

export type BareServer = typeof calls;
answerCalls(calls);
