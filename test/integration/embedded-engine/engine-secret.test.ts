import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { loadProcesses } from '../../../src/composition/definitions/load-processes.ts';
import {
  openProcessEngine,
  type ProcessEngine,
} from '../../../src/composition/engine/process-engine.ts';
import { readConfig } from '../../../src/config.ts';
import { createFolder, settingsFor } from '../../support/service.ts';

describe('the embedded engine of a service', () => {
  const folder = createFolder();
  const lines: string[] = [];
  let opened: ProcessEngine;
  let header = '';
  let instanceId = '';
  beforeAll(async () => {
    const config = readConfig(settingsFor(folder, { AUTH: 'on' }));
    const { file } = folder;
    await (
      await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended: () => {} })
    ).close();
    const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
    const processes = await loadProcesses(config.PROCESSES_DIR);
    opened = await openProcessEngine(config, processes, log);
    header = (await opened.auth.header()) ?? '';
    instanceId = await opened.engine.start('listening', 'secret-1', { card: '4111' });
  });
  afterAll(async () => {
    await opened?.stop();
    folder.remove();
  });
  const call = (method: string, path: string, authorization?: string, body?: object) =>
    fetch(`${new URL(opened.baseUrl).origin}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  it.each([
    ['GET', '/engine-rest/version'],
    ['GET', '/engine-rest/process-instance'],
    ['GET', '/engine-rest/history/process-instance'],
    ['GET', '/engine-rest/external-task'],
    ['POST', '/engine-rest/external-task/fetchAndLock'],
    ['POST', '/engine-rest/message'],
    ['POST', '/engine-rest/process-definition/key/listening/start'],
    ['POST', '/engine-rest/deployment/create'],
    ['OPTIONS', '/engine-rest/message'],
    ['GET', '/engine-rest/there-is-no-such-path'],
    ['GET', '/'],
  ])('answers %s %s 401 without its secret and with a wrong one', async (method, path) => {
    const body = method === 'POST' ? { messageName: 'go-on', workerId: 'w' } : undefined;
    const wrong = [
      undefined,
      '',
      'Bearer',
      'Bearer x',
      header.slice(0, -1),
      `${header}x`,
      'Basic eDp5',
    ];
    for (const authorization of wrong) {
      const answer = await call(method, path, authorization, body);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await answer.text()).not.toContain('4111');
    }
  });

  it('shows and deletes no instance for who does not know the secret', async () => {
    const path = `/engine-rest/process-instance/${instanceId}`;
    expect((await call('GET', `${path}/variables`)).status).toBe(401);
    expect((await call('DELETE', path)).status).toBe(401);
    const variables = await call('GET', `${path}/variables`, header);
    expect(await variables.json()).toMatchObject({ card: { value: '4111' } });
  });

  it('makes another secret at each start, and writes none of them to the log', async () => {
    const secret = header.replace('Bearer ', '');
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toContain(secret);
    await opened.stop();
    const config = readConfig(settingsFor(folder));
    opened = await openProcessEngine(config, [], pino({ level: 'silent' }));
    expect(await opened.auth.header()).not.toBe(header);
    expect((await call('GET', '/engine-rest/version', header)).status).toBe(401);
  });
});
