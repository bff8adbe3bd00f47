// Calls the service with types that openapi-typescript generates. Usage: program.ts URL. Fails, or prints ok.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './api.ts';

const client = createClient<paths, 'application/json' | 'application/problem+json'>({
  baseUrl: process.argv[2] ?? '',
});
const user = { userId: '42', email: 'ada@example.com' };

const started = await client.POST('/api/process/start', {
  body: { processKey: 'instant', variables: user, correlationId: 'ts-ended', batchId: 'ts' },
});
assert.equal(started.data?.status, 'ok');
assert.deepEqual(started.data?.status === 'ok' ? started.data.result : null, user);

const pending = await client.POST('/api/process/start', {
  params: { header: { prefer: 'respond-async' } },
  body: { processKey: 'gated', variables: { gate: 'never' }, correlationId: 'ts-gated' },
});
assert.equal(pending.response.status, 202);

const refused = await client.POST('/api/process/start', {
  body: { processKey: 'troubled', variables: { how: 'business' } },
});
const problem: components['schemas']['Problem'] | undefined = refused.error;
assert.equal(problem?.code, 'NOT_ALLOWED');

const status = await client.GET('/api/process/status/{correlationId}', {
  params: { path: { correlationId: 'ts-ended' }, query: { at: '1' } },
});
assert.equal(status.data?.version, 1);

// The list has it when it is projected.
for (const deadline = Date.now() + 20_000; ; ) {
  const list = await client.GET('/api/process', {
    params: {
      query: { status: 'ok', from: new Date(Date.now() - 60_000).toISOString(), limit: 10 },
    },
  });
  if (list.data?.processes.some(({ correlationId }) => correlationId === 'ts-ended')) break;
  assert.ok(Date.now() < deadline, JSON.stringify(list));
}

const feed = await client.GET('/api/events', {
  params: { query: { type: ['process-requested', 'process-completed'], batchId: 'ts' } },
});
assert.deepEqual(
  feed.data?.events.map(({ type }) => type),
  ['process-requested', 'process-completed'],
);
const more = await client.GET('/api/events', {
  params: {
    query: {
      type: ['process-requested', 'process-completed'],
      batchId: 'ts',
      cursor: feed.data?.nextCursor,
    },
  },
});
assert.equal(more.data?.atEnd, true);

const path = { correlationId: 'ts-gated' };
const cancelled = await client.POST('/api/process/{correlationId}/cancel', { params: { path } });
assert.equal(cancelled.data?.error?.kind, 'cancelled');
const late = await client.POST('/api/process/{correlationId}/message', {
  params: { path },
  body: { messageName: 'too-late' },
});
assert.equal(late.error?.status, 409);
const completed = await client.POST('/api/process/complete', {
  body: { status: 'ok', correlationId: 'ts-ended', result: user },
});
assert.equal(completed.data?.status, 'ok');
const retried = await client.POST('/api/process/{correlationId}/retry', {
  params: { path },
  body: { reason: 'once more' },
});
assert.equal(retried.response.status, 409);

const steps = await client.GET('/api/analytics/steps', {
  params: { query: { process: ['instant', 'gated'], groupBy: ['process', 'step'], exact: 'true' } },
});
assert.equal(steps.data?.steps[0]?.step, 'greet');
console.log('ok');
