import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverUrl } from '../support/servers.ts';
import type { Engines } from './support/drive.ts';
import { connect, openBothEmbedded } from './support/engine.ts';
import { modelFolder, readModels, sampleOf } from './support/model.ts';
import { explain, runModel } from './support/run-model.ts';

const SAMPLE = 60;

const url = await serverUrl('operaton');
const folder = modelFolder();
const models = folder ? sampleOf(readModels(folder), SAMPLE) : [];

describe.skipIf(!url)('the embedded engine beside Operaton', () => {
  let engines: Engines;
  beforeAll(async () => {
    engines = [connect('operaton', url ?? ''), ...(await openBothEmbedded())];
  });
  afterAll(async () => {
    for (const engine of engines) await engine.stop();
  });

  // Says in the report that the models are not on this machine: see test/parity/README.md.
  it.skipIf(!folder)('G13: has stored models to run alike', () => {
    expect(models.length).toBeGreaterThan(0);
  });

  it.concurrent.each(models.map((model) => [`${model.variant} ${model.id}`, model] as const))(
    'G13: runs alike the model %s',
    async (_name, model) => {
      const result = await runModel(model, engines, 1);
      expect(['equal', 'refused', 'unusable'], explain(result)).toContain(result.outcome);
    },
  );
});
