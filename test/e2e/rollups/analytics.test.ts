import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import {
  insertEvents,
  isEnd,
  isStep,
  randomStreams,
  tally,
  wallClock,
  within,
} from '../../support/analytics.ts';
import { until } from '../../support/children.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

/** Two days around the night in which Berlin loses an hour. */
const [FROM, TO] = ['2026-03-28T10:30:00.000Z', '2026-03-30T04:15:00.000Z'];
const events = randomStreams({
  seed: 2,
  from: Date.parse(FROM),
  to: Date.parse(TO),
  streams: 200,
  name: 'e2e',
});
const RANGE = `from=${FROM}&to=${TO}`;

const refused: [query: string, detail: RegExp][] = [
  ['steps?from=yesterday', /querystring\.from: must be an ISO 8601 time with a time zone/],
  [
    'steps?from=2026-01-31T12:00:00',
    /querystring\.from: must be an ISO 8601 time with a time zone/,
  ],
  ['steps?from=2026-01-31T12:00:00+01:00', /escape the \+ of an offset as %2B/],
  ['steps?to=1816-01-31T12:00:00Z', /querystring\.to: must be in a year from 1970 to 9999/],
  [
    'steps?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    /^querystring\.from: must be before to, which is 2026-01-01T00:00:00\.000Z; swap/,
  ],
  [
    'throughput?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00%2B01:00',
    /^querystring\.from: must be before to, which is 2026-01-01T00:00:00\.000Z; swap/,
  ],
  [
    'steps?groupBy=process,colour',
    /^querystring\.groupBy\.1: must be one of process, step, targetSystem, status, errorMessage$/,
  ],
  ['steps?groupBy=step,step', /querystring\.groupBy: must name each once/],
  ['throughput?groupBy=step', /querystring\.groupBy\.0: must be one of process$/],
  ['processes?groupBy=step', /querystring\.groupBy\.0: must be one of process, status$/],
  [
    'steps?timeZone=Mars/Olympus',
    /^querystring\.timeZone: is not a time zone; give a name of the IANA database, like Europe\/Berlin or UTC$/,
  ],
  ['steps?bucket=week', /querystring\.bucket: .*"minute"\|"hour"\|"day"/],
  ['steps?status=fine', /querystring\.status\.0: .*"ok"\|"error"/],
  ['processes?status=ok', /querystring\.status\.0: .*"completed"\|"failed"\|"cancelled"/],
  ['steps?limit=0', /querystring\.limit: must be a whole number from 1 to 1000$/],
  ['steps?limit=1001', /querystring\.limit: /],
  ['steps?exact=yes', /querystring\.exact: /],
  ['steps?process=', /querystring\.process: must not be empty/],
  [
    'steps?colour=red',
    /^querystring: unknown parameter colour; the parameters are from, to, .*limit$/,
  ],
  [
    'throughput?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&bucket=minute',
    /^querystring\.bucket: 3,156,480 points are more than the 10,000 of one answer; ask for bucket=day, or for no more than 6 days at a time$/,
  ],
  [
    'steps?from=1970-01-01T00:00:00Z&to=9999-12-01T00:00:00Z&bucket=day',
    /^querystring\.bucket: [\d,]+ points are more than the 10,000 of one answer; ask for no more than 9,999 days at a time$/,
  ],
  [
    'throughput?from=2025-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&bucket=hour&timeZone=Europe/Berlin',
    /^querystring\.bucket: 10,176 points .* ask for bucket=day, or for no more than 416 days/,
  ],
];

interface Answer {
  source: 'rollups' | 'events';
  asOf: string | null;
  eventsBehind: number;
  from: string;
  to: string;
  truncated: boolean;
  steps: Line[];
  throughput: Line[];
  processes: Line[];
}
type Line = { [name in 'start' | 'process' | 'step' | 'status']: string } & {
  [name in 'count' | 'errors' | 'errorRate' | 'timed' | 'maxMs']: number;
} & { [name in 'started' | 'finished' | 'failed']: number };

describe('the analytics', () => {
  let service: TestService;
  beforeAll(async () => {
    const folder = createFolder();
    const options = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
    const database = await openSqliteDatabase({ ...options, file: folder.file });
    await insertEvents(database, events);
    await database.close();
    service = await startTestService({}, folder);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  async function get(query: string) {
    const answer = await service.api.get(`/api/analytics/${query}`);
    return { answer, body: answer.body as unknown as Answer };
  }

  it.each(refused)('refuse %s and say what to change', async (query, detail) => {
    const { answer } = await get(query);
    expect(answer.status, answer.text).toBe(400);
    expectProblem(answer, 'invalid-request', detail);
  });

  it('refuse ten thousand years of minutes without computing one of them', async () => {
    const { answer } = await get(
      'steps?from=1970-01-01T00:00:00Z&to=9999-12-01T00:00:00Z&bucket=minute',
    );
    expect(answer.status).toBe(400);
  });

  it('refuse groups that give too many points, and name the limit', async () => {
    const to = new Date(Date.parse(FROM) + 6 * 86_400_000).toISOString();
    const { answer } = await get(
      `throughput?from=${FROM}&to=${to}&bucket=minute&groupBy=process&exact=true`,
    );
    expectProblem(
      answer,
      'invalid-request',
      /^querystring\.bucket: 17,280 points of 2 groups are more than the 10,000 of one answer; ask for bucket=hour, or for no more than 3 days at a time, or for fewer groups$/,
    );
  });

  it('count and measure steps, the most frequent first', async () => {
    const { answer, body } = await get(`steps?${RANGE}&exact=true`);
    expect(answer.status).toBe(200);
    expect(body).toMatchObject({
      source: 'events',
      from: FROM,
      to: TO,
      timeZone: 'UTC',
      bucket: null,
      groupBy: ['process', 'step'],
      eventsBehind: 0,
      truncated: false,
    });
    const expected = tally(
      within(events, FROM, TO).filter(isStep),
      ({ process_name, step_name }) => `${process_name}|${step_name}`,
      ({ execution_time }) => execution_time,
    );
    expect(body.steps.length).toBe(expected.size);
    for (const { process, step, count, errors, errorRate, timed, maxMs } of body.steps) {
      const wanted = expected.get(`${process}|${step}`);
      expect(count).toBe(wanted?.count);
      expect(errors).toBe(wanted?.errors);
      expect(errorRate).toBeCloseTo((wanted?.errors ?? 0) / (wanted?.count ?? 1), 9);
      expect(timed).toBe(wanted?.values.length);
      expect(maxMs).toBe(Math.max(...(wanted?.values ?? [])));
    }
    const counts = body.steps.map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it('give the most frequent error messages, and say that there are more', async () => {
    const all = await get(`steps?${RANGE}&groupBy=errorMessage&exact=true`);
    expect(all.body.truncated).toBe(false);
    expect(all.body.steps.length).toBe(4);
    expect(all.body.steps.every(({ errorRate }) => errorRate === 1)).toBe(true);
    const two = await get(`steps?${RANGE}&groupBy=errorMessage&exact=true&limit=2`);
    expect(two.body.truncated).toBe(true);
    expect(two.body.steps).toEqual(all.body.steps.slice(0, 2));
  });

  it.each(['day', 'hour'] as const)(
    'count starts and ends for each %s of local time, empty ones too',
    async (bucket) => {
      const { body } = await get(
        `throughput?${RANGE}&bucket=${bucket}&timeZone=Europe/Berlin&exact=true`,
      );
      const clock = wallClock('Europe/Berlin', bucket);
      const inRange = within(events, FROM, TO);
      let total = 0;
      for (const { start, started, finished, failed } of body.throughput) {
        const same = inRange.filter(({ created_at }) => clock(created_at) === clock(start));
        expect(started).toBe(
          same.filter(({ event_type }) => event_type === 'process-requested').length,
        );
        expect(finished).toBe(same.filter(isEnd).length);
        expect(failed).toBe(
          same.filter(({ event_type }) => event_type === 'process-failed').length,
        );
        total += started;
      }
      expect(total).toBe(
        inRange.filter(({ event_type }) => event_type === 'process-requested').length,
      );
      const starts = body.throughput.map(({ start }) => start);
      if (bucket === 'day') {
        expect(starts).toEqual([
          '2026-03-28T11:30:00.000+01:00',
          '2026-03-29T00:00:00.000+01:00',
          '2026-03-30T00:00:00.000+02:00',
        ]);
      } else {
        expect(starts).toContain('2026-03-29T01:00:00.000+01:00');
        expect(starts).toContain('2026-03-29T03:00:00.000+02:00');
        expect(starts.some((start) => start.startsWith('2026-03-29T02'))).toBe(false);
      }
    },
  );

  it('have a chart without holes where nothing happened at all', async () => {
    const { body } = await get(
      'throughput?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&timeZone=Asia/Kolkata&exact=true',
    );
    expect(body.throughput.length).toBe(25);
    expect(body.throughput[1]).toEqual({
      start: '2020-01-01T06:00:00.000+05:30',
      started: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      finished: 0,
      retried: 0,
    });
  });

  it('answer the same from the rollups that the service keeps', async () => {
    await until(async () => {
      const { body } = await get(`steps?${RANGE}`);
      return body.source === 'rollups' && body.eventsBehind === 0;
    }, 'the rollups have all events');
    for (const query of [
      `throughput?${RANGE}&bucket=hour&timeZone=Asia/Kolkata&groupBy=process`,
      `throughput?${RANGE}&bucket=day&timeZone=America/St_Johns&process=onboard-user`,
      `throughput?${RANGE}&bucket=minute`,
    ]) {
      const [{ body: fast }, { body: exact }] = await Promise.all([
        get(query),
        get(`${query}&exact=true`),
      ]);
      expect(fast.source).toBe('rollups');
      expect(exact.source).toBe('events');
      expect(fast.throughput).toEqual(exact.throughput);
    }
    const latest = events.map(({ created_at }) => created_at).sort();
    const { body } = await get(`steps?${RANGE}&groupBy=status&bucket=hour`);
    expect(body.asOf).toBe(latest.at(-1));
    const { body: exact } = await get(`steps?${RANGE}&groupBy=status&bucket=hour&exact=true`);
    const counted = (lines: Line[]) =>
      lines.map(({ start, status, count }) => [start, status, count]);
    expect(counted(body.steps)).toEqual(counted(exact.steps));
  });

  it('compute the next exact answer when a caller hangs up', async () => {
    const callers = Array.from({ length: 5 }, () => new AbortController());
    const url = `${service.url}/api/analytics/steps?${RANGE}&exact=true`;
    const answers = callers.map(({ signal }) => fetch(url, { signal }).catch(() => 'hung up'));
    for (const caller of callers) caller.abort();
    expect(await Promise.all(answers)).toEqual(callers.map(() => 'hung up'));
    expect((await get(`steps?${RANGE}&exact=true`)).answer.status).toBe(200);
  });

  it('measure processes by their end', async () => {
    const { body } = await get(
      `processes?${RANGE}&groupBy=status&status=completed,failed&exact=true`,
    );
    expect(body.processes.map(({ status }) => status)).toEqual(['completed', 'failed']);
    const { body: all } = await get(`processes?${RANGE}&exact=true`);
    expect(all.processes.map(({ process }) => process).sort()).toEqual([
      'fulfil-order',
      'onboard-user',
    ]);
  });

  it('answer for the last 24 hours without parameters', async () => {
    const before = Date.now();
    const { answer, body } = await get('steps?exact=true');
    expect(answer.status).toBe(200);
    const [from, to] = [Date.parse(body.from), Date.parse(body.to)];
    expect(to - from).toBe(86_400_000);
    expect(to).toBeGreaterThanOrEqual(before);
    expect(to).toBeLessThanOrEqual(Date.now());
  });
});
