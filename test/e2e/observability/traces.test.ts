import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { startServiceProcess } from '../../support/commands.ts';
import { type ReceivedSpan, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { copyProcesses } from '../../support/process-folders.ts';
import { serverUrl } from '../../support/servers.ts';
import { createFolder, type Folder, OBSERVED_PROCESSES } from '../../support/service.ts';

const [SERVER, CLIENT, PRODUCER, CONSUMER] = [2, 3, 4, 5];
const CALLER = 'b7ad6b7169203331';
const ASYNC = { prefer: 'respond-async' };

const redisUrl = await serverUrl('redis');
const engineUrl = await serverUrl('operaton');

interface Parts {
  name: string;
  available: boolean;
  /** The key of the process, and settings for queue and engine. */
  open(folder: Folder): { key: string; settings: Record<string, string>; close(): Promise<void> };
}

const kinds: Parts[] = [
  {
    name: 'everything embedded',
    available: true,
    open: () => ({
      key: 'observed',
      settings: { PROCESSES_DIR: OBSERVED_PROCESSES },
      close: async () => {},
    }),
  },
  {
    name: 'Redis and Operaton',
    available: redisUrl !== null && engineUrl !== null,
    open(folder) {
      const copies = copyProcesses(folder.path, ['observed'], OBSERVED_PROCESSES);
      return {
        key: copies.key('observed'),
        settings: {
          PROCESSES_DIR: copies.directory,
          REDIS_URL: redisUrl ?? '',
          REDIS_PREFIX: `traces-${randomUUID()}`,
          CAMUNDA_BASE_URL: engineUrl ?? '',
          // Longer than a busy machine may keep a step from its end: each step is run once for its lock.
          LOCK_DURATION_MS: '5000',
        },
        close: () => copies.removeFrom(engineUrl ?? ''),
      };
    },
  },
];

describe.each(kinds)('a trace on $name', ({ available, open }) => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it.skipIf(!available)(
    'leads from the caller to the steps and their partners, though the service is killed in between',
    async () => {
      const folder = createFolder();
      cleanup.push(folder.remove);
      const receiver = await startOtlpReceiver();
      cleanup.push(receiver.stop);
      const partner = await startPartner();
      cleanup.push(partner.stop);
      const { key, settings, close } = open(folder);
      cleanup.push(close);
      const env = {
        ...settings,
        OBSERVED_PARTNER: partner.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ours',
        OTEL_SERVICE_NAME: 'under-test',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_BSP_SCHEDULE_DELAY: '20',
      };
      const traceId = randomUUID().replaceAll('-', '');
      const correlationId = `traced-${traceId}`;
      const spans = () => receiver.spans.filter((span) => span.traceId === traceId);
      const named = (name: string) => spans().filter((span) => span.name === name);

      const first = await startServiceProcess(folder, env);
      cleanup.push(() => first.kill('SIGKILL'));
      await first.api.start(
        key,
        { how: 'retry', gate: 'go-on' },
        { correlationId },
        { ...ASYNC, traceparent: `00-${traceId}-${CALLER}-01`, tracestate: 'vendor=7' },
      );
      // What was not sent at the kill is lost; that the start is in the engine is known by its span.
      await until(() => named('append process-started').length > 0, 'the instance runs');
      await until(() => named('process start-instance').length > 0, 'the job is done');
      await until(() => named('POST /api/process/start').length > 0, 'the call is answered');
      first.kill('SIGKILL');
      await first.ended;
      expect(named(`${key}.call`)).toEqual([]);

      const second = await startServiceProcess(folder, env);
      cleanup.push(() => second.kill('SIGKILL'));
      folder.open('go-on');
      const { body } = await second.api.status(correlationId, { prefer: 'wait=25' });
      expect(body.status).toBe('ok');
      second.kill('SIGTERM');
      expect(await second.ended).toBe(0);

      const [call] = named('POST /api/process/start');
      expect(call).toMatchObject({ parentSpanId: CALLER, kind: SERVER, traceState: 'vendor=7' });
      expect(call?.resource).toMatchObject({
        'service.name': 'under-test',
        'deployment.environment.name': 'test',
      });
      expect(receiver.headers[0]).toMatchObject({ 'x-tenant': 'ours' });
      expectTree(spans());
      const pathOf = (name: string) => path(named(name)[0], spans());
      const server = 'POST /api/process/start';
      expect(pathOf('append process-requested')).toEqual([server]);
      expect(pathOf('process start-instance')).toEqual(['publish start-instance', server]);
      expect(pathOf('engine start')).toEqual([
        'process start-instance',
        'publish start-instance',
        server,
      ]);
      expect(pathOf(`${key}.finish`)).toEqual([server]);
      // In no particular order: each is sent when it has ended.
      const completes = named('engine complete').map((span) => path(span, spans()));
      expect(completes.toSorted()).toEqual([
        [`${key}.call`, server],
        [`${key}.finish`, server],
      ]);
      expect(pathOf(`process ${key}`)).toEqual([server]);
      expect(named('publish start-instance')[0]?.kind).toBe(PRODUCER);
      expect(named('process start-instance')[0]?.kind).toBe(CONSUMER);
      expect(named('engine start')[0]?.kind).toBe(CLIENT);

      // One step, tried twice: the first attempt is an error.
      const steps = named(`${key}.call`);
      expect(steps.map(({ attributes }) => attributes['fastify_camunda.outcome'])).toEqual([
        'technical',
        'completed',
      ]);
      expect(steps[0]).toMatchObject({ kind: CONSUMER, status: 2, events: ['exception'] });
      expect(steps[0]?.attributes).toMatchObject({
        'fastify_camunda.correlation_id': correlationId,
        'fastify_camunda.business_key': correlationId,
        'fastify_camunda.attempt': 1,
        'fastify_camunda.retries_left': 1,
      });
      expect(steps[1]).toMatchObject({ status: 0, events: [] });

      // What the partner got is the span of the very call.
      const calls = named('POST');
      const sent = calls.map(({ spanId }) => `00-${traceId}-${spanId}-01`);
      expect(calls).toHaveLength(2);
      expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual(
        steps.map(({ spanId }) => spanId),
      );
      const received = partner.received.filter(({ traceparent }) =>
        sent.includes(String(traceparent)),
      );
      expect(received).toHaveLength(2);
      for (const { tracestate } of received) expect(tracestate).toBe('vendor=7');
    },
  );
});

describe('a receiver of traces that is away', () => {
  it('delays neither a process nor the stop, and is logged once', async () => {
    const folder = createFolder();
    const service = await startServiceProcess(folder, {
      PROCESSES_DIR: OBSERVED_PROCESSES,
      // Takes connections for nothing: port 9 is not listened on.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:otel-password@127.0.0.1:9',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    });
    try {
      const complaints = () =>
        service.output().match(/the receiver did not accept spans/g)?.length ?? 0;
      for (let at = 0; at < 5; at++) {
        expect((await service.api.start('observed', { how: 'ok' })).status).toBe(200);
      }
      await until(() => complaints() > 0, 'a complaint');
      expect((await service.api.start('observed', { how: 'ok' })).status).toBe(200);
      const began = performance.now();
      service.kill('SIGTERM');
      expect(await service.ended).toBe(0);
      expect(performance.now() - began).toBeLessThan(9_000);
      expect(complaints()).toBe(1);
      expect(service.output()).not.toContain('otel-password');
    } finally {
      service.kill('SIGKILL');
      folder.remove();
    }
  });
});

/** Every span hangs on another one of the trace, or on the caller. */
function expectTree(spans: readonly ReceivedSpan[]): void {
  const ids = new Set([CALLER, ...spans.map(({ spanId }) => spanId)]);
  for (const { name, parentSpanId } of spans) {
    // The worker records its instance within the step that the kill cut off, which was never sent; nor may
    // that append have been, whose job is done after the restart.
    if (name === 'append process-started' || name.endsWith('project-process')) continue;
    expect(ids.has(parentSpanId), `${name} has a parent that was never sent`).toBe(true);
  }
}

/** The names of the spans above one. */
function path(span: ReceivedSpan | undefined, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span?.parentSpanId);
  return parent ? [parent.name, ...path(parent, spans)] : [];
}

/** A partner that notes what it is called with. */
async function startPartner() {
  const received: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    received.push(request.headers);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/call?secret=1`,
    received,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
