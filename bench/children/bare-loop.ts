import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { v7 as timeOrderedId } from 'uuid';
import type { EventStore, ProcessEvent } from '../../domain/process/index.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { startBody } from '../../src/http/routes/api/process/start.schema.ts';
import { answerCalls } from '../support/child.ts';
import { INPUT, PROCESS_KEY, STEPS, work } from '../support/four-steps.ts';

const LEASE_MS = 60_000;

const calls = {
  async start({ folder }: { folder: string }): Promise<string> {
    const { eventStore } = await openSqliteDatabase({
      file: join(folder, 'loop.db'),
      clock: Date.now,
      leaseMs: LEASE_MS,
      onAppended: () => {},
    });
    const app = Fastify();
    app.setValidatorCompiler(validatorCompiler);
    app.post('/api/process/start', { schema: { body: startBody } }, async () => {
      const correlationId = timeOrderedId();
      const result = await runProcess(correlationId, eventStore);
      return { status: 'ok', correlationId, result };
    });
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
};

/** The token is the index of a step. It writes the events that the service writes, each as durable as there. */
async function runProcess(correlationId: string, eventStore: EventStore): Promise<string> {
  const write = (...events: ProcessEvent[]) => eventStore.append(correlationId, events);
  const variables = INPUT;
  await write({
    ...COMMON,
    type: 'process-requested',
    data: { variables, requestHash: randomUUID() },
  });
  const processInstanceId = timeOrderedId();
  await write({ ...COMMON, type: 'process-started', data: { processInstanceId } });
  let text = INPUT.payload;
  for (const [token, name] of STEPS.entries()) {
    const taskId = timeOrderedId();
    const input = { [STEPS[token - 1] ?? 'payload']: text };
    text = work(text);
    const done: ProcessEvent = {
      ...COMMON,
      type: 'step-completed',
      step: { name, number: token + 1 },
      data: { taskId, attempt: 1, input, output: { [name]: text } },
      dedupeKey: `task:${taskId}:completed`,
    };
    if (token < STEPS.length - 1) await write(done);
    else
      await write(done, {
        ...COMMON,
        type: 'process-completed',
        data: { result: { [name]: text } },
      });
  }
  return text;
}

const COMMON = {
  processName: PROCESS_KEY,
  identity: { identifiers: { userId: INPUT.userId } },
  audit: {},
};

export type BareLoop = typeof calls;
answerCalls(calls);
