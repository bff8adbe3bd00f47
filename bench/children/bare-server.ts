import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import Fastify from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { startBody } from '../../src/http/routes/api/process/start.schema.ts';
import { answerCalls } from '../support/child.ts';
import { monotonicMs } from '../support/monotonic.ts';

/** Milliseconds from a request to the event that it waits for. */
const EVENT_DELAY_MS = 5;

/** Fastify with the service's schema for the body, and nothing else. */
const app = Fastify();
app.setValidatorCompiler(validatorCompiler);
app.post('/api/process/start', { schema: { body: startBody } }, async (_request, reply) => {
  const correlationId = randomUUID();
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

const calls = {
  start: (_params: object): Promise<string> => app.listen({ host: '127.0.0.1', port: 0 }),
};

export type BareServer = typeof calls;
answerCalls(calls);
