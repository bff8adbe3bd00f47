import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { identity } from '../../support/events.ts';
import { happened, plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const SECRET = '4111-1111-1111-1111';
const values = {
  text: 'Zoë ☂',
  empty: '',
  integer: 2_147_483_647,
  long: 2_147_483_648,
  negative: -2_147_483_649,
  double: 0.1,
  yes: true,
  date: new Date('2026-02-28T23:59:59.123Z'),
  object: { nested: { list: [1, 'two', null, { three: 3 }] } },
  list: ['a', 1],
  nothing: null,
};
const schema = z.object({
  text: z.string(),
  empty: z.string(),
  integer: z.number(),
  long: z.number(),
  negative: z.number(),
  double: z.number(),
  yes: z.boolean(),
  date: z.date(),
  object: z.object({ nested: z.object({ list: z.array(z.unknown()) }) }),
  list: z.array(z.union([z.string(), z.number()])),
  nothing: z.null(),
});
const types = {
  text: 'String',
  empty: 'String',
  integer: 'Integer',
  long: 'Long',
  negative: 'Long',
  double: 'Double',
  yes: 'Boolean',
  date: 'Date',
  object: 'Json',
  list: 'Json',
  nothing: 'Null',
};

describe.each(await portKinds())('the data of steps on $name', ({ available, open }) => {
  describe.skipIf(!available)('through a whole process', () => {
    let rig: WorkerRig;
    const received: { url: string; headers: IncomingHttpHeaders }[] = [];
    const partner = createServer((request, response) => {
      received.push({ url: request.url ?? '', headers: request.headers });
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
    let partnerUrl = '';
    useWorkerRig(open, (opened) => {
      rig = opened;
    });
    beforeAll(async () => {
      await new Promise<void>((resolve) => partner.listen(0, '127.0.0.1', resolve));
      partnerUrl = `http://127.0.0.1:${(partner.address() as AddressInfo).port}`;
    });
    afterAll(() => void partner.close());

    it('keep their variables’ type and value both ways', async () => {
      let given: unknown;
      let inEngine: Record<string, { type: string }> = {};
      const definition = await rig.process({
        steps: (step) => [
          step({ ...plain('write', 1), output: schema, handle: () => values }),
          step({
            ...plain('read', 2),
            input: schema,
            ends: 'ok',
            async handle(input) {
              given = input;
              inEngine = await rig.api.variables(instanceId);
              return {};
            },
          }),
        ],
      });
      const { correlationId, instanceId } = await rig.start(definition);
      rig.work(definition);
      const events = await rig.ended(correlationId);
      expect(given).toEqual(values);
      const typesInEngine = Object.keys(types).map((name) => [name, inEngine[name]?.type]);
      expect(Object.fromEntries(typesInEngine)).toEqual(types);
      const asText = { ...values, date: values.date.toISOString() };
      expect(events.find(({ type }) => type === 'step-completed')?.data).toMatchObject({
        output: asText,
      });
      expect(events.at(-2)?.data).toMatchObject({ input: asText });
    });

    it('keep a date without a value null, not 1970', async () => {
      let given: unknown;
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('read'),
            input: z.object({ when: z.date().nullable() }),
            ends: 'ok',
            handle(input) {
              given = input;
              return {};
            },
          }),
        ],
      });
      rig.work(definition);
      const { correlationId } = await rig.request(definition);
      await rig.api.startRaw(definition.key, correlationId, {
        when: { type: 'Date', value: null },
      });
      await rig.ended(correlationId);
      expect(given).toEqual({ when: null });
    });

    it('include identifiers in the event of every step and in its outgoing calls', async () => {
      const call = { input: z.object({}), output: z.object({}) };
      const definition = await rig.process({
        steps: (step) => [
          step({ ...plain('first', 1), handle: () => ({}) }),
          step({
            ...plain('second', 2),
            ...call,
            retry: { backoff: 1 },
            ends: 'ok',
            async handle(_input, { http, attempt }) {
              await http({ url: `${partnerUrl}/identified` });
              if (attempt === 1) throw new Error('once more');
              return {};
            },
          }),
        ],
      });
      rig.work(definition);
      const { correlationId } = await rig.start(definition, {}, identity);
      const events = await rig.ended(correlationId);
      expect(happened(events).map(({ type }) => type)).toEqual([
        'step-completed',
        'step-failed',
        'step-completed',
        'process-completed',
      ]);
      for (const event of events) expect(event.identity).toEqual(identity);
      for (const row of await rig.rows(correlationId)) {
        expect(row).toMatchObject({
          batch_id: 'batch-1',
          traceability_id: 'trace-1',
          application_id: 'app-1',
          originating_system: 'FastifyAPI',
          identifiers: '{"userId":"42"}',
        });
      }
      const calls = received.filter(({ url }) => url === '/identified');
      expect(calls).toHaveLength(2);
      expect(new Set(calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
      for (const { headers } of calls) {
        expect(headers).toMatchObject({
          traceparent: identity.traceparent,
          'x-correlation-id': correlationId,
        });
      }
    });

    it('include in the audit row which call a step made, without its query, and its outcome', async () => {
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('call', 7),
            audit: { targetSystem: 'Partner' },
            async handle(_input, { http }) {
              await http({ method: 'PUT', url: `${partnerUrl}/things/1?token=hidden`, body: {} });
              return {};
            },
          }),
          step({ ...plain('think', 8), ends: 'ok', handle: () => ({}) }),
        ],
      });
      rig.work(definition);
      const { correlationId } = await rig.start(definition);
      await rig.ended(correlationId);
      const rows = await rig.rows(correlationId);
      expect(rows).toMatchObject([
        {
          step_name: 'call',
          step: 7,
          status: 'ok',
          http_method: 'PUT',
          endpoint: `${partnerUrl}/things/1`,
          http_status_code: 201,
          execution_time: expect.any(Number),
          target_system: 'Partner',
          result: 'call done',
          process_name: definition.key,
        },
        {
          step_name: 'think',
          step: 8,
          http_method: null,
          endpoint: null,
          http_status_code: 200,
          target_system: 'CamundaEngine',
          result: 'think done',
        },
        { step_name: 'process-completed', event_type: 'process-completed', step: null },
      ]);
      expect(JSON.stringify(rows)).not.toContain('hidden');
    });

    it('include nothing that a step redacts in the rows of its events or in the log', async () => {
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('pay'),
            input: z.object({ card: z.object({ number: z.string(), holder: z.string() }) }),
            redact: ['card.number'],
            retry: { attempts: 2, backoff: 1 },
            handle({ card }, { attempt }) {
              if (card.number !== SECRET) throw new Error('the handler gets the real value');
              if (attempt === 1) throw new Error('once more');
              return {};
            },
          }),
        ],
      });
      rig.work(definition);
      // Straight to the engine: what a start brings is kept as it is, for the engine has still to get it.
      const { correlationId } = await rig.request(definition);
      await rig.api.startRaw(definition.key, correlationId, {
        card: { type: 'Json', value: JSON.stringify({ number: SECRET, holder: 'Ada' }) },
      });
      const rows = await until(async () => {
        const found = await rig.rows(correlationId);
        return found.length === 2 && found;
      }, 'both attempts are journaled');
      expect(rows.map(({ status }) => status)).toEqual(['error', 'ok']);
      expect(JSON.stringify(rows)).toContain('[redacted]');
      expect(JSON.stringify(rows)).toContain('Ada');
      expect(JSON.stringify([rows, rig.log])).not.toContain(SECRET);
    });
  });
});
