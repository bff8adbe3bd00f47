import { type Deployed, type Engines, runSeed, type SeedResult } from './drive.ts';
import { filesFor, nextSuffix, type ParityModel, type Timers } from './model.ts';

export type ModelResult = { id: string } & (
  | { outcome: 'equal' }
  | { outcome: 'different' | 'inconclusive'; failed: SeedResult }
  /** The first engine takes it, another refuses it. */
  | { outcome: 'refused'; why: string }
  /** The first engine refuses it, another takes it. */
  | { outcome: 'taken'; why: string }
  /** All refuse it: there is nothing to compare. */
  | { outcome: 'unusable'; why: string }
);

/** Runs a model on all engines, once for each seed; ends with the first that is not equal. */
export async function runModel(
  model: ParityModel,
  engines: Engines,
  seeds: number,
): Promise<ModelResult> {
  const { id } = model;
  const tried = new Set<string>();
  let done = 0;
  // The first instance of a model with timers lets them fire; they do not in the others.
  for (const timers of model.hasTimers ? (['fire', 'wait'] as const) : (['wait'] as const)) {
    const count = timers === 'fire' ? 1 : seeds - done;
    if (count === 0) continue;
    const deployed = await deploy(model, engines, timers);
    if ('outcome' in deployed) return { id, ...deployed };
    try {
      for (let at = 0; at < count; at++) {
        const result = await runTwiceIfNotEqual(model, deployed, done + 1, tried);
        if (result.outcome !== 'equal') return { id, outcome: result.outcome, failed: result };
        // Timers without an end: the same instance again, with timers that wait.
        if (!result.isEndless) done++;
      }
    } finally {
      await deployed.remove();
    }
  }
  return { id, outcome: 'equal' };
}

/** The same steps again, since a busy machine can make timers fire in another order. */
async function runTwiceIfNotEqual(
  model: ParityModel,
  deployed: Deployed,
  seed: number,
  tried: Set<string>,
): Promise<SeedResult> {
  const before = new Set(tried);
  const result = await runSeed(model, deployed, seed, tried);
  return result.outcome === 'equal' ? result : runSeed(model, deployed, seed, before);
}

async function deploy(
  model: ParityModel,
  engines: Engines,
  timers: Timers,
): Promise<
  | (Deployed & { remove(): Promise<void> })
  | { outcome: 'refused' | 'taken' | 'unusable'; why: string }
> {
  const suffix = nextSuffix();
  const files = filesFor(model, suffix, timers);
  const answers = await Promise.all(engines.map((engine) => engine.deploy(files)));
  async function remove(): Promise<void> {
    await Promise.all(
      engines.map(async (engine, at) => {
        const answer = answers[at];
        if (answer && 'id' in answer) await engine.undeploy(answer.id);
      }),
    );
  }
  const refusals = answers.map((answer) => ('refusal' in answer ? answer.refusal : null));
  const why = refusals.find((one) => one !== null)?.replaceAll(suffix, '');
  if (why === undefined) return { engines, suffix, timers, remove };
  await remove();
  if (refusals.every((one) => one !== null)) return { outcome: 'unusable', why };
  return { outcome: refusals[0] === null ? 'refused' : 'taken', why };
}

/** What to read when a model is not run alike. */
export function explain(result: ModelResult): string {
  switch (result.outcome) {
    case 'equal':
      return `${result.id}: equal`;
    case 'different':
    case 'inconclusive': {
      const { seed, why, trace } = result.failed;
      const lines = trace.map((line) => `    ${line}`).join('\n');
      return `${result.id}, seed ${seed}: ${result.outcome}: ${why}\n${lines}`;
    }
    case 'refused':
    case 'taken':
    case 'unusable':
      return `${result.id}: ${result.outcome}: ${result.why}`;
    default:
      return result satisfies never;
  }
}

/** Runs models, some at once, and gives their results in the order of the models. */
export async function runModels(
  models: readonly ParityModel[],
  engines: Engines,
  options: { seeds: number; jobs: number; onResult?(result: ModelResult): void },
): Promise<ModelResult[]> {
  const { seeds, jobs, onResult } = options;
  const results: ModelResult[] = [];
  const queue = [...models.entries()];
  async function work(): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [at, model] = next;
      const result = await runModel(model, engines, seeds);
      results[at] = result;
      onResult?.(result);
    }
  }
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}
