import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/children.ts';
import { engineApi } from '../../support/engines.ts';
import { ADA, newFolder, personal, run } from '../../support/erasure.ts';
import { foundIn } from '../../support/personal.ts';
import { copyProcesses } from '../../support/process-folders.ts';
import { serverUrl } from '../../support/servers.ts';
import { PERSONAL_PROCESSES, startTestService, untilRelayed } from '../../support/service.ts';

const redisUrl = await serverUrl('redis');
const engineUrl = await serverUrl('operaton');

describe('an erasure', () => {
  it.skipIf(!redisUrl || !engineUrl)('reaches a real engine, also when it was away', async () => {
    const folder = newFolder();
    const copies = copyProcesses(folder.path, ['personal'], PERSONAL_PROCESSES);
    onTestFinished(() => copies.removeFrom(engineUrl ?? ''));
    const settings = personal({
      PROCESSES_DIR: copies.directory,
      REDIS_URL: redisUrl ?? '',
      REDIS_PREFIX: `erase-${randomUUID()}`,
      CAMUNDA_BASE_URL: engineUrl ?? '',
      RECONCILE_EVERY_MS: '200',
    });
    const service = await startTestService(settings, folder);
    const key = copies.key('personal');
    const ids = ['ok', 'technical', 'away'].map((how) => `${how}-${randomUUID()}`);
    for (const id of ids) {
      const how = id.startsWith('ok') ? 'ok' : 'technical';
      await service.api.start(key, { how, ...ADA }, { correlationId: id });
    }
    await untilRelayed(folder);
    const states = await Promise.all(ids.map((id) => service.api.status(id)));
    const instances = states.map(({ body }) => body.processInstanceId ?? '');
    await service.stop();
    const engine = engineApi(engineUrl ?? '');

    const there = await run(folder, ['erase', ...ids.slice(0, 2)], settings);
    expect(there).toMatchObject({ code: 0, err: '' });
    for (const id of instances.slice(0, 2)) {
      await expect(engine.state(id)).rejects.toThrow('404');
    }
    expect(await engine.state(instances[2] ?? ''), 'not asked for yet').toBe('ACTIVE');

    const away = await run(folder, ['erase', ids[2] ?? ''], {
      ...settings,
      CAMUNDA_BASE_URL: 'http://127.0.0.1:9/engine-rest',
    });
    expect(away.code).toBe(1);
    expect(away.out).toMatch(
      / erased; its data in the process engine was not deleted: .* cannot be/,
    );
    // A service finishes it.
    const again = await startTestService(settings, folder);
    onTestFinished(again.stop);
    expect(foundIn((await again.api.status(ids[2] ?? '')).text)).toEqual([]);
    const gone = (): Promise<boolean> =>
      engine.state(instances[2] ?? '').then(
        () => false,
        () => true,
      );
    await until(gone, 'the engine has deleted its history');
  });
});
