import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type StandingService, useStandingProcess } from '../../support/use-standing-process.ts';

interface Activity {
  activityId: string;
  name: string | null;
  step: string | null;
  count: number | null;
  errors: number | null;
  p95Ms: number | null;
  open: number;
  incidents: number;
}
interface Stats {
  version: number;
  source: string;
  activities: Activity[];
}

describe.each(await engineKinds())('deployed processes on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let standing: StandingService;
    const key = useStandingProcess(kind, (given) => {
      standing = given;
    });
    beforeAll(async () => {
      await standing.service.api.start(key, {}, {}, { prefer: 'respond-async' });
    });
    const api = () => standing.service.api;

    const read = async <T>(path: string): Promise<T> => {
      const { status, text } = await api().get(path);
      expect(status, text).toBe(200);
      return JSON.parse(text) as T;
    };
    async function activities(query = ''): Promise<Record<string, Activity>> {
      const stats = await read<Stats>(`/api/definitions/${key}/stats${query}`);
      return Object.fromEntries(stats.activities.map((one) => [one.activityId, one]));
    }

    it('show at each activity what its step did, and what stands there', async () => {
      const found = await until(async () => {
        const now = await activities();
        const isCounted = now.broken?.incidents === 1 && now.broken.count === 2;
        // Where instances stand is counted again only a while after the last count.
        const open = Object.values(now).filter((one) => one.open > 0);
        return isCounted && now.quick?.count === 1 && open.length === 5 ? now : undefined;
      }, 'the failed task has an incident, and the rollups have its attempts');
      const standing = Object.values(found).filter(({ open }) => open > 0);
      expect(standing.map(({ activityId, open }) => [activityId, open]).sort()).toEqual([
        ['ask', 1],
        ['broken', 1],
        ['call', 1],
        ['nap', 1],
        ['wait', 1],
      ]);
      expect(found.broken).toMatchObject({ step: 'broken', count: 2, errors: 2, incidents: 1 });
      expect(found.quick).toMatchObject({ step: 'quick', count: 1, errors: 0, open: 0 });
      expect(found.quick?.p95Ms).toEqual(expect.any(Number));
      expect(found.last).toMatchObject({ step: 'last', count: 0, errors: 0, p95Ms: null });
      expect(found.ask).toMatchObject({ step: 'ask', name: 'Ask somebody', count: 0 });
      expect(found.join).toMatchObject({ step: null, count: null, errors: null, open: 0 });
    });

    it('show nothing of steps in a range in which none ran', async () => {
      const long = '?from=2020-01-01T00:00:00Z&to=2020-06-01T00:00:00Z';
      expect(await activities(long)).toMatchObject({ broken: { count: 0, errors: 0 } });
    });

    it('are listed with the instances on each version, and each version has its model', async () => {
      const before = await api().get(`/api/definitions/${key}/bpmn`);
      expect(before.headers.get('content-type')).toBe('application/xml; charset=utf-8');
      expect(before.text).toContain('Ask somebody');
      const tag = before.headers.get('etag') ?? '';
      const path = `/api/definitions/${key}/bpmn`;
      const headers = { 'if-none-match': tag };
      expect((await api().get(path, { headers })).status).toBe(304);

      await standing.deployAgain('Ask them');
      expect(await read('/api/definitions')).toMatchObject({
        definitions: [
          {
            key,
            latestVersion: 2,
            running: 1,
            versions: [
              { version: 2, running: 0 },
              { version: 1, running: 1 },
            ],
            steps: [
              { name: 'quick', number: 1, kind: 'external-task', topic: `${key}.quick` },
              { name: 'broken' },
              { name: 'last' },
            ],
          },
        ],
      });
      const after = await api().get(path, { headers });
      expect([after.status, after.text.includes('Ask them')]).toEqual([200, true]);
      expect((await api().get(`${path}?version=1`, { headers })).status).toBe(304);
      expect(await activities()).toMatchObject({
        ask: { name: 'Ask them', open: 0 },
        broken: { count: 2, open: 0 },
      });
      expect(await activities('?version=1')).toMatchObject({
        ask: { open: 1 },
        broken: { open: 1 },
      });
    });

    it('say what a start takes', async () => {
      expect(await read(`/api/definitions/${key}`)).toMatchObject({
        key,
        variables: { type: 'object' },
        example: {},
      });
    });

    it('answer 404 for a process or version that is not there, and 400 for no version', async () => {
      for (const path of ['', '/bpmn', '/stats']) {
        expectProblem(await api().get(`/api/definitions/none${path}`), 'not-found', /none/);
      }
      for (const path of ['bpmn', 'stats']) {
        const answer = await api().get(`/api/definitions/${key}/${path}?version=9`);
        expectProblem(answer, 'not-found', /version 9/);
        const wrong = await api().get(`/api/definitions/${key}/${path}?version=0`);
        expectProblem(wrong, 'invalid-request');
      }
    });
  });
});
