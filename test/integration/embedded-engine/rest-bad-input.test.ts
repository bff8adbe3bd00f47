import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bpmn, end, flows, start } from '../../support/bpmn/model.ts';
import { embeddedEngine, type TestEngine } from '../../support/engines.ts';

describe('the REST API of the embedded engine', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await embeddedEngine().open();
  });
  afterAll(() => engine.stop());

  async function call(method: string, path: string, body?: string | FormData) {
    const headers = typeof body === 'string' ? { 'content-type': 'application/json' } : undefined;
    const answer = await fetch(`${engine.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      ...(headers ? { headers } : {}),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  function form(fields: Record<string, string>, files: Record<string, string>): FormData {
    const found = new FormData();
    for (const [name, value] of Object.entries(fields)) found.set(name, value);
    for (const [name, text] of Object.entries(files)) found.set(name, new Blob([text]), name);
    return found;
  }

  // What an engine passes over it answers another question, and with tasks that nobody has asked for.
  it.each([
    ['POST', '/process-definition/key/p/start', { caseInstanceId: 'c' }],
    ['POST', '/process-instance', { colour: 'red' }],
    ['POST', '/task', { colour: 'red' }],
    ['POST', '/job', { colour: 'red' }],
    ['POST', '/history/process-instance', { colour: 'red' }],
    ['POST', '/message', { messageName: 'm', colour: 'red' }],
    ['POST', '/signal', { name: 's', tenantId: 't' }],
    ['POST', '/external-task/x/complete', { workerId: 'w', colour: 'red' }],
    [
      'POST',
      '/external-task/fetchAndLock',
      {
        workerId: 'w',
        maxTasks: 1,
        topics: [{ topicName: 't', lockDuration: 1, colour: 'red' }],
      },
    ],
    ['GET', '/incident?colour=red', undefined],
    ['GET', '/event-subscription?colour=red', undefined],
    ['GET', '/history/activity-instance?colour=red', undefined],
    ['GET', '/history/variable-instance?colour=red', undefined],
    ['GET', '/deployment?colour=red', undefined],
  ])('%s %s refuses what it does not know: %j', async (method, path, body) => {
    const key = path.includes('/key/p/') ? await deployed() : '';
    const answer = await call(
      method,
      path.replace('/key/p/', `/key/${key}/`),
      body && JSON.stringify(body),
    );
    expect(answer).toMatchObject({ status: 400, body: { type: 'InvalidRequestException' } });
  });

  async function deployed(): Promise<string> {
    const file = bpmn('strict', start(), end(), flows('start', 'end'));
    await call('POST', '/deployment/create', form({ 'deployment-name': 'd' }, { 's.bpmn': file }));
    return 'strict';
  }

  it('a body that is no JSON is the fault of the caller', async () => {
    expect(await call('POST', '/message', '{')).toMatchObject({
      status: 400,
      body: { type: 'InvalidRequestException' },
    });
  });

  it('an id may be as long as it likes', async () => {
    const { status, body } = await call('GET', `/execution/${'x'.repeat(500)}`);
    expect(status).toBe(404);
    expect(body.message).toContain('does not exist');
  });

  it('deploys several files in one, and keeps what is no BPMN', async () => {
    const files = {
      'one.bpmn': bpmn('one', start(), end(), flows('start', 'end')),
      'two.bpmn20.xml': bpmn('two', start(), end(), flows('start', 'end')),
      'picture.png': '\u0000\u00ff',
    };
    const { status, body } = await call('POST', '/deployment/create', form({}, files));
    expect(status).toBe(200);
    const found: { key: string; resource: string }[] = Object.values(
      body.deployedProcessDefinitions,
    );
    expect(found.map(({ key, resource }) => `${key} ${resource}`).sort()).toEqual([
      'one one.bpmn',
      'two two.bpmn20.xml',
    ]);
    expect((await call('GET', `/process-definition?deploymentId=${body.id}`)).body).toHaveLength(2);
  });

  it.each([
    ['without files', form({ 'deployment-name': 'd' }, {}), 'No deployment resources'],
    ['for a tenant', form({ 'tenant-id': 't' }, { 'a.bpmn': '' }), 'tenant-id'],
    ['of a file without a name', form({ 'a.bpmn': 'text' }, {}), 'No file name found'],
  ])('refuses a deployment %s', async (_what, body, words) => {
    const answer = await call('POST', '/deployment/create', body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(words);
  });
});
