import { Command, InvalidArgumentError } from 'commander';
import { startRealEngine } from '../support/engines/start-engine.ts';
import { foundModels } from './found/found-models.ts';
import { randomModels, shrinkModel } from './random/random-models.ts';
import type { Engines } from './support/drive.ts';
import { connect, openBothEmbedded } from './support/engine.ts';
import { modelFolder, type ParityModel, readModels } from './support/model.ts';
import { explain, type ModelResult, runModels } from './support/run-model.ts';

const PROGRESS_EVERY = 50;

const command = new Command('npm run test:parity --')
  .description(
    'Runs BPMN models on Operaton and on the embedded engine, step by step, and compares',
  )
  .option('--variant <name>', 'ext: user tasks made external; user: user tasks kept; default: both')
  .option('--seeds <n>', 'instances of each model, each with other steps', readCount, 3)
  .option('--only <part>', 'models with this text in their name', '')
  .option('--random <n>', 'this many random models instead of the stored ones', readCount)
  .option(
    '--found',
    'the models that differed once, of test/parity/found, instead of the stored ones',
  )
  .option('--random-seed <n>', 'of the random models; default: by the clock', readCount)
  .option('--jobs <n>', 'models at once', readCount, 2)
  .parse();
const options = command.opts<{
  variant?: string;
  seeds: number;
  only: string;
  random?: number;
  found?: boolean;
  randomSeed?: number;
  jobs: number;
}>();

const randomSeed = options.randomSeed ?? Date.now() % 1_000_000;
const models = chooseModels().filter(({ id }) => id.includes(options.only));
console.log(`${models.length} models to run${options.random ? `, random seed ${randomSeed}` : ''}`);

const engines = await startEngines();
const results: ModelResult[] = [];
const began = Date.now();
process.once('SIGINT', () => {
  printSummary();
  process.exit(130);
});
await runModels(models, engines, {
  seeds: options.seeds,
  jobs: options.jobs,
  onResult(result) {
    results.push(result);
    if (!['equal', 'unusable'].includes(result.outcome)) console.log(explain(result));
    if (results.length % PROGRESS_EVERY === 0) {
      const seconds = Math.round((Date.now() - began) / 1_000);
      console.log(`${results.length} of ${models.length} after ${seconds} s`);
    }
  },
});
if (options.random) await printSmallest();
for (const engine of engines) await engine.stop();
printSummary();
process.exit(results.some(isWrong) ? 1 : 0);

function chooseModels(): ParityModel[] {
  if (options.random) return randomModels(randomSeed, options.random);
  return options.found ? foundModels() : storedModels();
}

function storedModels(): ParityModel[] {
  const folder = modelFolder();
  if (!folder) {
    return command.error(
      'There are no stored models: test/parity/README.md says where they come from.',
    );
  }
  const { variant } = options;
  return readModels(folder).filter((one) => !variant || one.variant === variant);
}

async function startEngines(): Promise<Engines> {
  const given = process.env.OPERATON_TEST_URL;
  const operaton = given ? { url: given, stop: async () => {} } : await startRealEngine('operaton');
  const embedded = await openBothEmbedded();
  return [connect('operaton', operaton.url, operaton.stop), ...embedded];
}

/** The smallest model that still shows the difference of each random model that has one. */
async function printSmallest(): Promise<void> {
  for (const { id, outcome } of results.filter(isWrong)) {
    if (outcome !== 'different') continue;
    const at = Number(id.split('-').at(-1));
    const smallest = await shrinkModel(randomSeed, at, async (model) => {
      const [result] = await runModels([model], engines, { seeds: options.seeds, jobs: 1 });
      return result?.outcome === 'different' ? explain(result) : null;
    });
    if (smallest) console.log(`\nsmallest of ${id}:\n${smallest.xml}\n${smallest.why}`);
  }
}

function isWrong({ outcome }: ModelResult): boolean {
  return outcome === 'different' || outcome === 'inconclusive' || outcome === 'taken';
}

/** A model that Operaton refuses counts only when the embedded engine takes it. */
function printSummary(): void {
  const count = (outcome: ModelResult['outcome']): number =>
    results.filter((one) => one.outcome === outcome).length;
  const usable = results.length - count('unusable') - count('taken');
  const accepted = usable - count('refused');
  if (count('taken') > 0) console.log(`${count('taken')} models that only Operaton refuses`);
  console.log(
    `models ${usable} accepted ${accepted} equal ${count('equal')} (seeds ${options.seeds})`,
  );
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('not a number above 0');
  return count;
}
