import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Body } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const JSON_TYPE = 'application/json';
const utf8 = (text: string) => Buffer.from(text);
const latin1 = (text: string) => Buffer.from(text, 'latin1');

interface Case {
  what: string;
  body: Buffer;
  headers?: Record<string, string>;
  status: 400 | 415;
  detail: RegExp;
}

const cases: Case[] = [
  {
    what: 'text in Latin-1 that says nothing of it',
    body: latin1('{"reason":"Zoë"}'),
    status: 400,
    detail: /not UTF-8: byte 13 /,
  },
  ...['iso-8859-1', 'latin1', 'utf-16', '"windows-1252"', 'utf-7', ''].map((charset) => ({
    what: `the charset ${charset}`,
    body: latin1('{"reason":"Zoë"}'),
    headers: { 'content-type': `${JSON_TYPE}; Charset=${charset}` },
    status: charset === '' ? (400 as const) : (415 as const),
    detail: charset === '' ? /not UTF-8/ : /in the charset .*; send JSON in UTF-8/,
  })),
  ...['gzip', 'br', 'x-unknown', 'identity, gzip', 'GZIP'].map((encoding) => ({
    what: `the encoding ${encoding}`,
    body: gzipSync('{"reason":"Zoe"}'),
    headers: { 'content-encoding': encoding },
    status: 415 as const,
    detail: /encodings are not supported\. Send it without Content-Encoding/,
  })),
  {
    what: 'a number beyond the range',
    body: utf8('{"reason":[1e400]}'),
    status: 400,
    detail: /^body\.reason\.0: the number 1e400 cannot be stored unchanged.*send it as text/,
  },
  {
    what: 'an integer that would be rounded',
    body: utf8('{"reason":{"id":9007199254740993}}'),
    status: 400,
    detail: /^body\.reason\.id: the number 9007199254740993 cannot be stored unchanged/,
  },
  {
    what: 'half of a surrogate pair',
    body: utf8('{"reason":"\\ud800"}'),
    status: 400,
    detail: /^body\.reason: is text that is not Unicode/,
  },
  {
    what: 'a field that is there twice',
    body: utf8('{"reason":"a","reason":"b"}'),
    status: 400,
    detail: /^body\.reason: appears more than once/,
  },
  {
    what: 'a field __proto__',
    body: utf8('{"reason":{"__proto__":{}}}'),
    status: 400,
    detail: /^body\.reason\.__proto__: must not be the name of a field/,
  },
];

describe('what a body says is kept as it was sent, or the body is refused:', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts();
  });
  afterAll(() => parts?.stop());

  const post = async (path: string, body: Buffer, headers: Record<string, string> = {}) => {
    const answer = await fetch(parts.api.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': JSON_TYPE, ...headers },
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Body & { message: string },
    };
  };

  it.each(cases)('every route that takes a body refuses $what', async (given) => {
    const paths = parts.app.routeList
      .filter(({ method }) => [method].flat().includes('POST'))
      .map(({ url }) => url.replace(/:[a-zA-Z]+/g, 'x'));
    expect(paths.length).toBeGreaterThanOrEqual(7);
    for (const path of paths) {
      const answer = await post(path, given.body, given.headers);
      expect(answer.status, path).toBe(given.status);
      // Camunda's clients read its own form of an error.
      const isOfEngine = path.startsWith('/engine-rest/');
      const { detail, message } = answer.body;
      expect(isOfEngine ? message : detail, path).toMatch(given.detail);
      const type = isOfEngine ? 'application/json' : 'application/problem+json';
      expect(answer.headers.get('content-type'), path).toContain(type);
      const documented = parts.api.document.paths[path.replace('/x/', '/{correlationId}/')]?.post;
      if (documented) expect(documented.responses[given.status], path).toBeDefined();
    }
    expect((await parts.database.eventStore.readStream('x')).length).toBe(0);
  });

  it('an unknown content encoding is answered with the one that would be taken', async () => {
    const answer = await post('/api/process/start', gzipSync('{}'), { 'content-encoding': 'gzip' });
    expect(answer.headers.get('accept-encoding')).toBe('identity');
  });

  it.each([
    ['utf-8', {}],
    ['UTF-8', {}],
    ['"utf-8"', {}],
    ['us-ascii', {}],
    ['utf-8', { 'content-encoding': 'identity' }],
  ])('the charset %s is answered with %o', async (charset, more) => {
    const headers = { 'content-type': `${JSON_TYPE};charset=${charset}`, ...more };
    const answer = await post('/api/process/nobody/cancel', utf8('{"reason":"Zoë 😀"}'), headers);
    expect(answer.status).toBe(404);
  });

  it('text, numbers and names are stored as they were sent', async () => {
    const variables = {
      userId: 'Zoë \u0000 😀 \ufffd',
      email: 'a@b.example',
      amount: 0.1,
      big: 9007199254740991,
    };
    const start = { processKey: 'instant', correlationId: 'kept', variables };
    const answer = await post('/api/process/start', utf8(JSON.stringify(start)), {
      prefer: 'respond-async',
    });
    // The process takes no others than the first two.
    expect(answer.status).toBe(400);
    const { amount: _, big: __, ...known } = variables;
    const again = await post(
      '/api/process/start',
      utf8(JSON.stringify({ ...start, variables: known })),
      { prefer: 'respond-async' },
    );
    expect(again.status).toBe(202);
    const [event] = await parts.database.eventStore.readStream('kept');
    expect(event?.data).toMatchObject({ variables: known });
  });
});
