import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { runCommand } from '../../support/commands.ts';
import { MASTER } from '../../support/personal.ts';
import {
  PERSONAL_PROCESSES,
  settingsFor,
  startTestService,
  type TestService,
} from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { openFeed } from '../../support/sse.ts';

const ADA = { email: 'ada@example.com', fullName: 'Ada' };
const GRACE = { email: 'grace@example.com', fullName: 'Grace' };
const LIST = '/api/process';
const SETTINGS = { PROCESSES_DIR: PERSONAL_PROCESSES, PERSONAL_DATA_KEY: MASTER };

describe('the search by business data', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService(SETTINGS);
    for (const [id, how, person] of [
      ['ada-ok', 'ok', ADA],
      ['ada-refused', 'business', ADA],
      ['grace-ok', 'ok', GRACE],
    ] as const) {
      await service.api.start('personal', { how, ...person }, { correlationId: id });
    }
    await until(async () => (await found('')).length === 3, 'all are listed');
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  async function found(query: string): Promise<string[]> {
    const { status, body } = await service.api.get(`${LIST}?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    const ids: string[] = body.processes.map((one: { correlationId: string }) => one.correlationId);
    return ids.sort();
  }

  it('narrows the list by identifiers and error codes, whole or by their beginnings', async () => {
    expect(await found('identifier.how=ok')).toEqual(['ada-ok', 'grace-ok']);
    expect(await found('identifier.how=o*')).toEqual(['ada-ok', 'grace-ok']);
    expect(await found('identifier.how=ok&status=error')).toEqual([]);
    expect(await found('errorCode=EXISTS')).toEqual(['ada-refused']);
    expect(await found('errorCode=EX*&identifier.how=business')).toEqual(['ada-refused']);
    expect(await found('errorCode=EXIST')).toEqual([]);
    expect(await found('identifier.unknown=1')).toEqual([]);
  });

  it('finds a personal identifier by its whole value', async () => {
    const ada = encodeURIComponent(ADA.email);
    expect(await found(`identifier.email=${ada}`)).toEqual(['ada-ok', 'ada-refused']);
    expect(await found(`identifier.email=${ada}&identifier.how=ok`)).toEqual(['ada-ok']);
  });

  it.each([
    ['identifier.email=ada*', /^querystring\.identifier\.email: is personal, .* whole value/],
    ['identifier.email=ada*&process=none', /is personal/],
    ['identifier.=42', /^querystring\.identifier: is not the name of an identifier/],
    [`identifier.${'n'.repeat(101)}=1`, /is not the name of an identifier: .* 100 characters/],
    ['identifier.how=', /^querystring\.identifier\.how: must not be empty/],
    [`identifier.how=${'v'.repeat(256)}`, /must have at most 255 characters/],
    [
      'identifier.how=ok&identifier.how=no',
      /^querystring\.identifier\.how: is given more than once/,
    ],
    ['identifier=42', /^querystring\.identifier: must name what is searched for/],
    ['errorCode=', /^querystring\.errorCode: must not be empty/],
    ['errorCode=a&errorCode=b', /^querystring\.errorCode: is given more than once/],
    ['identifer.how=ok', /unknown parameter identifer\.how; the parameters are .*errorCode/],
    [
      [1, 2, 3, 4, 5, 6].map((nth) => `identifier.n${nth}=1`).join('&'),
      /takes 5 identifiers at most/,
    ],
  ])('refuses %s with a sentence', async (query, detail) => {
    const answer = await service.api.get(`${LIST}?${query}`);
    expect(answer.status).toBe(400);
    expectProblem(answer, 'invalid-request', detail);
  });

  it('narrows the feed, its stream, its exports and the stuck processes', async () => {
    const ada = encodeURIComponent(ADA.email);
    const { api } = service;
    const ids = (events: { correlationId: string }[]): string[] => [
      ...new Set(events.map(({ correlationId }) => correlationId)),
    ];
    const page = await api.get(`/api/events?identifier.email=${ada}`);
    expect(ids(page.body.events).sort()).toEqual(['ada-ok', 'ada-refused']);
    const failed = await api.get('/api/events?errorCode=EXISTS&identifier.how=*');
    expect(ids(failed.body.events)).toEqual(['ada-refused']);
    const next = await api.get(`/api/events?identifier.how=ok&cursor=${page.body.nextCursor}`);
    expect(next.status, 'a cursor of another search').toBe(400);

    const stream = await openFeed(`${api.url}/api/events?identifier.how=ok`);
    const streamed = (): string[] => ids(stream.events());
    await until(() => streamed().length === 2, 'the stream has the processes');
    stream.close();
    expect(streamed().sort()).toEqual(['ada-ok', 'grace-ok']);

    const answer = await fetch(`${api.url}/api/events?format=csv&identifier.how=business`);
    const csv = await answer.text();
    expect(csv).toContain('ada-refused');
    expect(csv).not.toContain('ada-ok');

    const words = ['export', '--out', '-', '--identifier', 'how=business', '--error-code', 'EX*'];
    const exported = await runCommand(words, settingsFor(service.folder, SETTINGS));
    expect(exported.code, exported.err).toBe(0);
    expect(exported.out).toContain('"ada-refused"');
    expect(exported.out).not.toMatch(/ada-ok|process-requested/);

    const attention = await api.get('/api/analytics/attention?identifier.how=ok&errorCode=NONE');
    expect(attention.body).toMatchObject({ slow: { total: 0 }, retrying: { total: 0 } });
    for (const path of ['/api/events', '/api/analytics/attention']) {
      const refused = await api.get(`${path}?identifier.email=ada*`);
      expectProblem(refused, 'invalid-request', /is personal/);
    }
  });

  it('is in the OpenAPI document, by the identifiers of the processes', async () => {
    const answer = await fetch(`${service.api.url}/documentation/json`);
    const body = (await answer.json()) as {
      paths: Record<string, { get: { parameters: { name: string }[] } }>;
    };
    const names = (path: string): string[] =>
      (body.paths[path]?.get.parameters ?? []).map(({ name }) => name);
    expect(names(LIST)).toEqual(
      expect.arrayContaining(['errorCode', 'identifier.how', 'identifier.email']),
    );
    for (const path of [LIST, '/api/events', '/api/analytics/attention']) {
      expect(names(path)).toEqual(expect.arrayContaining(['errorCode', 'identifier.how']));
      expect(names(path)).not.toContain('identifier');
    }
  });
});
