import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverUrl } from '../support/servers.ts';
import { foundModels } from './found/found-models.ts';
import { randomModels } from './random/random-models.ts';
import type { Engines } from './support/drive.ts';
import { connect, openBothEmbedded } from './support/engine.ts';
import { explain, runModel } from './support/run-model.ts';

const RANDOM_SEED = 20_260_101;
const RANDOM_MODELS = 12;
const FOUND_SEEDS = 3;

const url = await serverUrl('operaton');

describe.skipIf(!url)('the embedded engine beside Operaton', () => {
  let engines: Engines;
  beforeAll(async () => {
    engines = [connect('operaton', url ?? ''), ...(await openBothEmbedded())];
  });
  afterAll(async () => {
    for (const engine of engines) await engine.stop();
  });

  it.concurrent.each(
    randomModels(RANDOM_SEED, RANDOM_MODELS).map((model) => [model.id, model] as const),
  )('G13: runs alike the model %s', async (_id, model) => {
    const result = await runModel(model, engines, 1);
    const xml = model.files().join('\n');
    expect(['equal', 'unusable'], `${explain(result)}\n${xml}`).toContain(result.outcome);
  });

  it.concurrent.each(foundModels().map((model) => [model.id, model] as const))(
    'G13: runs alike, once found to differ: %s',
    async (_id, model) => {
      const result = await runModel(model, engines, FOUND_SEEDS);
      expect(result.outcome, explain(result)).toBe('equal');
    },
  );
});
