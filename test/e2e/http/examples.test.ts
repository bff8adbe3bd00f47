import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Partner, startPartner } from '../../../src/cli/partner-service.ts';
import { SHIPPED } from '../../../src/composition/definitions/load-processes.ts';
import { startTestService, type TestService } from '../../support/service.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/http', import.meta.url));
const files = readdirSync(FOLDER).map((name) => ({ name, examples: readExamples(name) }));

interface Example {
  title: string;
  /** The statuses that its comment names. */
  answers: number[];
  method: string;
  /** From the root of the service. */
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Reads a file in the form of the REST clients of editors: requests after `###` lines. */
function readExamples(name: string): Example[] {
  const [, ...parts] = readFileSync(join(FOLDER, name), 'utf8').split(/^### /m);
  return parts.map((part) => {
    const [head = '', ...body] = part.trimEnd().split('\n\n');
    const [title = '', comment = '', request = '', ...headers] = head.split('\n');
    const [method = '', url = ''] = request.split(' ');
    return {
      title,
      answers: [...comment.matchAll(/\d{3}/g)].map(Number),
      method,
      path: url.replace('{{service}}', ''),
      headers: Object.fromEntries(headers.map((line) => line.split(': '))),
      body: body.length > 0 ? body.join('\n\n') : undefined,
    };
  });
}

describe('the examples in docs/http', () => {
  let partner: Partner;
  let service: TestService;
  beforeAll(async () => {
    partner = await startPartner({ port: 0 });
    service = await startTestService({ PROCESSES_DIR: SHIPPED, PARTNER_URL: partner.url });
  });
  afterAll(async () => {
    await service?.stop();
    await partner?.stop();
    service?.folder.remove();
  });

  it('show every call of the OpenAPI document', async () => {
    const answer = await fetch(`${service.url}/documentation/json`);
    const document = (await answer.json()) as { paths: Record<string, object> };
    const all = files.flatMap(({ examples }) => examples);
    const calls = Object.entries(document.paths).flatMap(([path, methods]) => {
      const form = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/?]+')}(\\?|$)`);
      return Object.keys(methods).map((method) => ({ call: `${method} ${path}`, method, form }));
    });
    const missing = calls.filter(
      ({ method, form }) =>
        !all.some((one) => one.method.toLowerCase() === method && form.test(one.path)),
    );
    expect(calls.length).toBeGreaterThan(15);
    expect(missing.map(({ call }) => call)).toEqual([]);
  });

  it.each(files)('of $name are answered as they say, from top to bottom', async ({ examples }) => {
    expect(examples.length).toBeGreaterThan(0);
    for (const { title, answers, method, path, headers, body } of examples) {
      const controller = new AbortController();
      const answer = await fetch(`${service.url}${path}`, {
        method,
        headers,
        signal: controller.signal,
        ...(body === undefined ? {} : { body }),
      });
      const isLive = headers.Accept === 'text/event-stream';
      const text = isLive ? '' : await answer.text();
      expect(answers, `${title}: ${answer.status} ${text.slice(0, 500)}`).toContain(answer.status);
      controller.abort();
    }
  });
});
