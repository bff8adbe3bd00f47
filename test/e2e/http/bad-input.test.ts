import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countEvents, startTestService, type TestService } from '../../support/service.ts';
import { type Answer, type CallOptions, expectProblem } from '../../support/service-api.ts';

const START = '/api/process/start';
const ada = { userId: '42', email: 'ada@example.com' };
const JSON_TYPE = { 'content-type': 'application/json' };
const BODY_LIMIT = 2_048;

interface Case {
  what: string;
  path?: string;
  options: CallOptions;
  status: number;
  type: string;
  detail: RegExp;
}

function start(more: Record<string, unknown>): CallOptions {
  return { json: { processKey: 'instant', variables: ada, ...more } };
}

const nested = `{"processKey":"instant","variables":{"a":${'['.repeat(800)}${']'.repeat(800)}}}`;

const cases: Case[] = [
  {
    what: 'an unknown process key',
    options: start({ processKey: 'nobody' }),
    status: 404,
    type: 'unknown-process',
    detail: /"nobody"; the keys are counted, gated, instant/,
  },
  {
    what: 'a missing variable',
    options: start({ variables: { userId: '42' } }),
    status: 400,
    type: 'invalid-variables',
    detail: /^variables\.email: .*string/,
  },
  {
    what: 'a variable of the wrong type',
    options: start({ variables: { ...ada, userId: 42 } }),
    status: 400,
    type: 'invalid-variables',
    detail: /^variables\.userId: .*string/,
  },
  {
    what: 'a variable the process does not know',
    options: start({ variables: { ...ada, shoeSize: 44 } }),
    status: 400,
    type: 'invalid-variables',
    detail: /shoeSize/,
  },
  {
    what: 'a variable that is the service’s own',
    options: start({ variables: { ...ada, correlationId: 'mine' } }),
    status: 400,
    type: 'invalid-request',
    detail: /^body\.variables: must not set correlationId, /,
  },
  {
    what: 'variables that are no object',
    options: start({ variables: ['userId'] }),
    status: 400,
    type: 'invalid-request',
    detail: /^body\.variables: .*(record|object)/,
  },
  {
    what: 'variables nested beyond all reason',
    options: { body: nested, headers: JSON_TYPE },
    status: 400,
    type: 'invalid-request',
    detail: /^body\.variables\.a: must not be nested deeper than 100 levels/,
  },
  {
    what: 'a field that the body does not have',
    options: start({ corelationId: 'typo' }),
    status: 400,
    type: 'invalid-request',
    detail: /corelationId/,
  },
  ...['batchId', 'traceabilityId', 'applicationId', 'originatingSystem'].flatMap((name) =>
    ['', '  '].map((value) => ({
      what: `a ${name} of "${value}"`,
      options: start({ [name]: value }),
      status: 400,
      type: 'invalid-request',
      detail: new RegExp(`^body\\.${name}: must not be (empty|blank)`),
    })),
  ),
  {
    what: 'a missing process key',
    options: { json: { variables: ada } },
    status: 400,
    type: 'invalid-request',
    detail: /^body\.processKey: /,
  },
  ...[
    ['too long', 'x'.repeat(256), /at most 255 characters/],
    ['with a control character', 'a\u0007b', /without spaces or control characters/],
    ['with a space at its end', 'order-1 ', /without spaces/],
    ['with an umlaut', 'Übung', /visible ASCII/],
    ['that is empty', '', /must not be empty/],
    ['that a URL cannot hold', '..', /no URL could name it/],
  ].map(([what, correlationId, detail]) => ({
    what: `a correlation id ${what}`,
    options: start({ correlationId }),
    status: 400,
    type: 'invalid-request',
    detail: detail as RegExp,
  })),
  {
    what: 'an empty Idempotency-Key',
    options: { ...start({}), headers: { 'idempotency-key': '' } },
    status: 400,
    type: 'invalid-request',
    detail: /^headers\.idempotency-key: /,
  },
  {
    what: 'malformed JSON',
    options: { body: '{"processKey": "instant",', headers: JSON_TYPE },
    status: 400,
    type: 'malformed-json',
    detail: /is not JSON/,
  },
  {
    what: 'JSON that would change prototypes',
    options: {
      body: '{"processKey":"instant","variables":{"__proto__":{"admin":true}}}',
      headers: JSON_TYPE,
    },
    status: 400,
    type: 'invalid-request',
    detail: /^body\.variables\.__proto__: must not be the name of a field/,
  },
  {
    what: 'an empty body',
    options: { body: '', headers: JSON_TYPE },
    status: 400,
    type: 'invalid-request',
    detail: /There is no body; send JSON/,
  },
  {
    what: 'no body at all',
    options: {},
    status: 400,
    type: 'invalid-request',
    detail: /There is no body; send JSON with Content-Type: application\/json/,
  },
  {
    what: 'a body that is no object',
    options: { json: [1] },
    status: 400,
    type: 'invalid-request',
    detail: /^body: .*expected object/,
  },
  {
    what: 'a body over the limit',
    options: start({ variables: { ...ada, userId: 'x'.repeat(BODY_LIMIT) } }),
    status: 413,
    type: 'body-too-large',
    detail: /larger than the 2048 bytes allowed/,
  },
  {
    what: 'another content type',
    options: { body: 'processKey=instant', headers: { 'content-type': 'text/plain' } },
    status: 415,
    type: 'unsupported-media-type',
    detail: /sent as text\/plain; send JSON with Content-Type: application\/json/,
  },
  {
    what: 'a complete with neither result nor error',
    path: '/api/process/complete',
    options: { json: { correlationId: 'x', status: 'maybe' } },
    status: 400,
    type: 'invalid-request',
    detail: /^body\.status: /,
  },
  {
    what: 'a message without a name',
    path: '/api/process/x/message',
    options: { json: { variables: {} } },
    status: 400,
    type: 'invalid-request',
    detail: /^body\.messageName: /,
  },
  {
    what: 'a cancel with an unknown field',
    path: '/api/process/x/cancel',
    options: { json: { why: 'because' } },
    status: 400,
    type: 'invalid-request',
    detail: /why/,
  },
];

const badUrls: [path: string, status: number, detail: RegExp][] = [
  [`/api/process/status/${'x'.repeat(256)}`, 400, /params\.correlationId: .*255 characters/],
  [`/api/process/status/${'x'.repeat(3_000)}`, 400, /URL is too long/],
  ['/api/process/status/a%00b', 400, /control characters/],
  ['/api/process/status/a%20b', 400, /without spaces/],
  ['/api/process/status/%E0%A4%A', 400, /cannot be decoded/],
  ['/api/process/status/nobody', 404, /"nobody" was ever accepted; check the id/],
  ['/api/process/nobody/events', 404, /"nobody" was ever accepted/],
  ['/api/event-log/nobody', 404, /No event has the traceability id "nobody"/],
  ...['process', 'step', 'status', 'from', 'to', 'archive', 'limit'].map(
    (name): [string, number, RegExp] => [
      `/api/process?limit=5&${name}=`,
      400,
      new RegExp(`querystring\\.${name}: must not be empty; leave it out`),
    ],
  ),
  ['/api/process?process', 400, /querystring\.process: must not be empty/],
  ['/api/process?process=instant&process=', 400, /querystring\.process: must not be empty/],
  ['/api/events?type=', 400, /querystring\.type: must not be empty/],
  ['/api/events?traceabilityId=', 400, /querystring\.traceabilityId: must not be empty/],
  ['/api/analytics/steps?process=', 400, /querystring\.process: must not be empty/],
  ['/api/admin/jobs/failed?name=', 400, /querystring\.name: must not be empty/],
  ['/api/process/status/x?at=', 400, /must be a version \(a whole number from 1 on\)/],
  ['/api/process/status/x?at=9999-12-31T23:59:59-01:00', 400, /year from 1000 to 9999/],
  ['/api/process/status/x?at=0001-01-01T00:00:00Z', 400, /year from 1000 to 9999/],
  ['/api/process/status/x?at=0', 400, /must be a version \(a whole number from 1 on\)/],
  ['/api/process?limit=0', 400, /querystring\.limit: /],
  ['/api/process?limit=ten', 400, /querystring\.limit: /],
  ['/api/process?status=done', 400, /querystring\.status: /],
  ['/api/process?colour=red', 400, /colour/],
  ['/api/process?from=yesterday', 400, /querystring\.from: /],
  ['/api/process?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 400, /must be before to/],
  ['/api/process?cursor=', 400, /querystring\.cursor: .*use nextCursor of an earlier page/],
  ['/api/process?cursor=bm9uc2Vuc2U', 400, /use nextCursor of an earlier page/],
  ['/api/process/x/events?afterVersion=-1', 400, /querystring\.afterVersion: /],
  ['/api/event-log/x?cursor=nonsense', 400, /use nextCursor of an earlier page/],
  ['/api/process?step=%FF', 400, /query of the URL cannot be decoded/],
  ['/api/process?step=%ED%A0%80', 400, /query of the URL cannot be decoded/],
  ['/api/nothing/here', 404, /There is no GET \/api\/nothing\/here; see \/documentation/],
];

describe('bad input', () => {
  let service: TestService;
  let before: number;
  beforeAll(async () => {
    service = await startTestService({ BODY_LIMIT: String(BODY_LIMIT) });
    before = countEvents(service.folder);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  function expectRefused(answer: Answer, status: number, detail: RegExp): void {
    expect(answer.status, answer.text).toBe(status);
    expectProblem(answer, undefined, detail);
    expect(countEvents(service.folder), 'nothing is written').toBe(before);
  }

  it.each(cases)('refuses $what, says why, and writes nothing', async (given) => {
    const answer = await service.api.post(given.path ?? START, given.options);
    expectRefused(answer, given.status, given.detail);
    expectProblem(answer, given.type);
  });

  it.each(badUrls)('GET %.60s is answered %i with a problem', async (path, status, detail) => {
    expectRefused(await service.api.get(path), status, detail);
  });

  it('refuses a Last-Event-ID that is no version', async () => {
    const headers = { accept: 'text/event-stream', 'last-event-id': 'abc' };
    const answer = await service.api.get('/api/process/x/events', { headers });
    expectRefused(answer, 400, /last-event-id: must be the version of an event/);
  });
});
