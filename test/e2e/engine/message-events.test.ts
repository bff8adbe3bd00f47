import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bpmn, flows, start } from '../../support/bpmn/model.ts';
import { engineApi } from '../../support/engines.ts';
import { writeProcess } from '../../support/process-folders.ts';
import { realEngines } from '../../support/servers.ts';
import { createFolder, type Folder, startTestService } from '../../support/service.ts';

const key = `notifyCustomer_${randomUUID().slice(0, 8)}`;
const TOPIC = `tell ${key}`;

/** A message event that sends; its work is an external task. */
function sends(element: string, id: string): string {
  return `<${element} id="${id}"><messageEventDefinition camunda:type="external" camunda:topic="${TOPIC}" /></${element}>`;
}

const model = bpmn(
  key,
  ...[start(), sends('intermediateThrowEvent', 'told'), sends('endEvent', 'ended')],
  flows('start', 'told', 'ended'),
);
const steps = [
  { name: 'tell', topic: TOPIC, sets: 'told', reads: ['who'] },
  { name: 'end', topic: TOPIC, tasks: ['ended'], ends: 'ok', sets: 'last', reads: ['told'] },
] as const;

const engines = [{ name: 'the embedded engine', url: '' }, ...(await realEngines())];

describe('message events that send', () => {
  let folder: Folder;
  let processes: string;
  beforeEach(() => {
    folder = createFolder();
    processes = join(folder.path, 'processes');
    writeProcess(processes, key, model, steps);
  });
  afterEach(() => folder.remove());

  it.each(engines)('are steps of a process on $name', async ({ url }) => {
    const settings = { CAMUNDA_BASE_URL: url, PROCESSES_DIR: processes };
    const service = await startTestService(settings, folder);
    const { status, body } = await service.api.start(key, { who: 'Ada' });
    expect([status, body.result]).toEqual([200, { told: `${key}/tell`, last: `${key}/end` }]);
    await service.stop();
    if (url !== '') await engineApi(url).removeProcess(key);
  });
});
