import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import type { TestService } from '../../support/service.ts';
import type { Body } from '../../support/service-api.ts';
import { useTestService } from '../../support/use-service.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('the call', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  const hold = (correlationId: string) =>
    service.api.start('gated', { gate: correlationId }, { correlationId }, ASYNC);

  describe('GET /api/process/status/:correlationId', () => {
    it('is 202 while the process runs, then 200 with the result', async () => {
      await hold('status-1');
      const pending = await until(async () => {
        const answer = await service.api.status('status-1');
        return answer.body.processInstanceId ? answer : null;
      }, 'the instance is recorded');
      expect(pending.status).toBe(202);
      expect(pending.headers.get('retry-after')).toBe('1');
      expect(pending.headers.get('location')).toBe('/api/process/status/status-1');
      expect(pending.headers.get('cache-control')).toBe('no-cache');
      expect(pending.body).toMatchObject({ status: 'pending', processKey: 'gated' });
      service.folder.open('status-1');
      const ended = await service.api.status('status-1', { prefer: 'wait=10' });
      expect(ended.status).toBe(200);
      expect(ended.headers.get('preference-applied')).toBe('wait=10');
      expect(ended.headers.get('location')).toBeNull();
      expect(ended.body).toMatchObject({ status: 'ok', result: { gate: 'status-1' } });
      expect(ended.body.currentStep).toBe('finish');
    });

    it('is 200 with the error when it ended in one', async () => {
      await service.api.start('troubled', { how: 'technical' }, { correlationId: 'status-2' });
      const { status, body } = await service.api.status('status-2');
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'error', error: { kind: 'technical', step: 'fail' } });
      expect(body).not.toHaveProperty('result');
    });

    it('answers every long poll soon after the process ends, and not before', async () => {
      await hold('status-3');
      const order: string[] = [];
      const polls = [1, 2, 3].map(() =>
        service.api.status('status-3', { prefer: 'wait=20' }).then((answer) => {
          order.push('answered');
          return answer;
        }),
      );
      // The next call is answered at once, so the polls before it have arrived.
      expect((await service.api.status('status-3')).status).toBe(202);
      order.push('opened');
      service.folder.open('status-3');
      const answers = await Promise.all(polls);
      expect(order).toEqual(['opened', 'answered', 'answered', 'answered']);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(answers.map(({ text }) => text)).toEqual(Array(3).fill(answers[0]?.text));
    });

    it('answers a long poll with 202 when its time is up', async () => {
      await hold('status-4');
      const answer = await service.api.status('status-4', { prefer: 'wait=1' });
      expect(answer.status).toBe(202);
      service.folder.open('status-4');
    });

    it('answers a long poll for an ended or an unknown process at once', async () => {
      await service.api.start('instant', ada, { correlationId: 'status-5' });
      const began = performance.now();
      expect((await service.api.status('status-5', { prefer: 'wait=20' })).status).toBe(200);
      expect((await service.api.status('status-none', { prefer: 'wait=20' })).status).toBe(404);
      expect(performance.now() - began).toBeLessThan(15_000);
    });

    it('is 304 without a body while nothing has changed', async () => {
      await service.api.start('instant', ada, { correlationId: 'status-6' });
      const first = await service.api.status('status-6');
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toBe(`"${first.body.version}"`);
      for (const tag of [etag, `W/${etag}`, `"0", ${etag}`, '*']) {
        const answer = await service.api.status('status-6', { 'if-none-match': tag });
        expect(answer.status, tag).toBe(304);
        expect(answer.text).toBe('');
        expect(answer.headers.get('etag')).toBe(etag);
      }
      const changed = await service.api.status('status-6', { 'if-none-match': '"0"' });
      expect(changed.status).toBe(200);
      expect(changed.body).toEqual(first.body);
    });
  });

  describe('GET /api/process', () => {
    const list = async (query: string) => (await service.api.get(`/api/process?${query}`)).body;

    beforeAll(async () => {
      for (const at of [1, 2, 3, 4, 5]) {
        await service.api.start('instant', ada, { correlationId: `list-${at}` });
      }
      await service.api.start('troubled', { how: 'business' }, { correlationId: 'list-refused' });
      await hold('list-pending');
      await until(
        async () => (await list('process=gated&status=pending')).processes.length > 0,
        'the pending one is listed',
      );
    });
    afterAll(() => service.folder.open('list-pending'));

    it('lists the last changed first', async () => {
      const { processes } = await list('limit=1000');
      const times = processes.map(({ updatedAt }) => updatedAt);
      expect(times).toEqual([...times].sort().reverse());
      expect(processes.length).toBeGreaterThan(6);
    });

    it('filters by status, process, step and time', async () => {
      const ids = ({ processes }: Body) => processes.map(({ correlationId }) => correlationId);
      expect(ids(await list('status=pending&process=gated'))).toEqual(['list-pending']);
      expect(ids(await list('process=troubled&status=error'))).toContain('list-refused');
      expect(ids(await list('process=troubled&status=ok'))).toEqual([]);
      expect(ids(await list('step=greet'))).toContain('list-3');
      expect(ids(await list('step=greet'))).not.toContain('list-refused');
      const third = (await service.api.status('list-3')).body.updatedAt;
      const since = ids(await list(`process=instant&from=${encodeURIComponent(third)}`));
      expect(since).toContain('list-3');
      expect(since).toContain('list-5');
      expect(since).not.toContain('list-2');
      const before = ids(await list(`process=instant&to=${encodeURIComponent(third)}`));
      expect(before).toContain('list-2');
      expect(before).not.toContain('list-3');
      // An offset is as good as Z.
      const shifted = new Date(Date.parse(third) + 3_600_000).toISOString().replace('Z', '+01:00');
      expect(ids(await list(`process=instant&from=${encodeURIComponent(shifted)}`))).toEqual(since);
    });

    it('pages by cursor without gap or repetition while processes are added', async () => {
      const all = (await list('process=instant&limit=1000')).processes.map(
        ({ correlationId }) => correlationId,
      );
      const paged: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page = await list(`process=instant&limit=2${cursor && `&cursor=${cursor}`}`);
        expect(page.processes.length).toBeLessThanOrEqual(2);
        paged.push(...page.processes.map(({ correlationId }) => correlationId));
        cursor = page.nextCursor;
        await service.api.start('instant', ada);
      }
      expect(paged).toEqual(all);
    });
  });
});
