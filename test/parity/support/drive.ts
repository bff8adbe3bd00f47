import { setTimeout as sleep } from 'node:timers/promises';
import { type Action, actionsFor } from './actions.ts';
import { differenceOf } from './difference.ts';
import { type Answer, describe, Inconclusive, type ParityEngine } from './engine.ts';
import type { ParityModel, Timers } from './model.ts';
import { type Randomness, seeded } from './randomness.ts';
import { type Side, settle, type View, viewOf } from './side.ts';
import { draw, type Values, writeAll } from './values.ts';

const MAX_STEPS = 30;
const MAX_REFUSALS = 3;
/** A shorter difference does not count: the engines are not equally fast. */
const DIFFERENCE_LASTS_MS = 1_500;

export interface SeedResult {
  seed: number;
  outcome: 'equal' | 'different' | 'inconclusive';
  /** It never came to rest, on any engine, so that there was nothing to compare. */
  isEndless?: boolean;
  /** The first difference, or why the comparison says nothing. */
  why?: string;
  /** Everything that was done, what the engines answered, and what was open after it. */
  trace: string[];
}

/** The engines of a comparison: the first is right. */
export type Engines = readonly [ParityEngine, ...ParityEngine[]];

class Different extends Error {}
/** The engines agree that it cannot be started. */
class NotStarted extends Error {}
/** The engines agree that it never comes to rest: timers start each other. */
class Endless extends Error {}

/** One deployed model on all engines. */
export interface Deployed {
  engines: Engines;
  suffix: string;
  timers: Timers;
}

/**
 * Runs one instance of a model on all engines in step: completes tasks, throws errors, sends messages and signals, as
 * the seed says, and compares after each.
 *
 * @param tried names of what earlier seeds did: what is not among them is preferred
 */
export async function runSeed(
  model: ParityModel,
  { engines, suffix, timers }: Deployed,
  seed: number,
  tried: Set<string>,
): Promise<SeedResult> {
  const random = seeded(`${model.id}:${seed}`);
  const trace: string[] = [];
  const sides = engines.map((engine): Side => ({ engine, model, suffix, root: '' }));
  const result: SeedResult = { seed, outcome: 'equal', trace };
  try {
    await start(sides, random, timers, seed, trace);
    await runSteps(sides, random, timers, tried, trace);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    trace.push(`  !! ${message}`);
    if (error instanceof Endless) {
      result.isEndless = true;
    } else if (!(error instanceof NotStarted)) {
      result.outcome = error instanceof Different ? 'different' : 'inconclusive';
      result.why = plain(message, suffix);
    }
  }
  for (const { engine, root } of sides) {
    if (root) await engine.call('DELETE', `/process-instance/${root}`).catch(() => {});
  }
  result.trace = trace.map((line) => plain(line, suffix));
  return result;
}

async function start(
  sides: readonly Side[],
  random: Randomness,
  timers: Timers,
  seed: number,
  trace: string[],
): Promise<void> {
  const [{ model, suffix }] = sides as [Side];
  const variables: Values = {};
  for (const [name, variable] of Object.entries(model.variables)) {
    variables[name] = draw(variable, random, timers);
  }
  const { processKey, message } = random.pick(model.starts);
  const businessKey = `b${suffix}_${seed}_${Date.now()}`;
  const answers: Answer[] = [];
  for (const side of sides) {
    const answer = message
      ? await startByMessage(side, `${message}${suffix}`, businessKey, variables)
      : await startByKey(side, processKey, businessKey, variables);
    answers.push(answer);
  }
  trace.push(`start ${message ?? processKey} with ${writeAll(variables)} → ${list(answers)}`);
  throwUnlessAlike('start', sides, answers);
  const [first] = answers;
  if (first && !first.ok) throw new NotStarted(describe(first));
}

async function startByKey(
  side: Side,
  processKey: string,
  businessKey: string,
  variables: Values,
): Promise<Answer> {
  const path = `/process-definition/key/${encodeURIComponent(processKey + side.suffix)}/start`;
  const answer = await side.engine.call<{ id: string }>('POST', path, { businessKey, variables });
  if (answer.ok) side.root = answer.body.id;
  return answer;
}

async function startByMessage(
  side: Side,
  messageName: string,
  businessKey: string,
  processVariables: Values,
): Promise<Answer> {
  const { engine } = side;
  const answer = await engine.call('POST', '/message', {
    messageName,
    businessKey,
    processVariables,
  });
  if (!answer.ok) return answer;
  const path = `/history/process-instance?processInstanceBusinessKey=${businessKey}`;
  const [row] = await engine.list<{ id: string }>(path);
  if (!row) throw new Inconclusive(`${engine.name} does not know what a message started`);
  side.root = row.id;
  return answer;
}

async function runSteps(
  sides: readonly Side[],
  random: Randomness,
  timers: Timers,
  tried: Set<string>,
  trace: string[],
): Promise<void> {
  const [reference] = sides as [Side];
  let refusals = 0;
  for (let step = 0; ; step++) {
    const views = await compare(sides);
    const [view] = views as [View];
    trace.push(`  ${view.state} [${view.open.join(', ')}]`);
    if (view.state !== 'ACTIVE' || step >= MAX_STEPS || refusals >= MAX_REFUSALS) return;
    const given = drawSome(reference.model, random, timers, step);
    const actions = await actionsFor(reference, view, given, random);
    if (actions.length === 0) return;
    for (const one of actions) if (!tried.has(one.name)) one.weight *= 5;
    const action = pickByWeight(actions, random);
    tried.add(action.name);
    const answers = await Promise.all(
      sides.map((side, index) => action.on(side, views[index] as View)),
    );
    trace.push(`${action.name} with ${writeAll(given)} → ${list(answers)}`);
    throwUnlessAlike(action.name, sides, answers);
    if (!answers[0]?.ok && !action.isUnawaited) refusals++;
  }
}

function pickByWeight(actions: readonly Action[], random: Randomness): Action {
  let at = random.next() * actions.reduce((sum, { weight }) => sum + weight, 0);
  for (const action of actions) {
    at -= action.weight;
    if (at < 0) return action;
  }
  return random.pick(actions);
}

/** The variables that a step sets: one that tells the step, and some that the model reads. */
function drawSome(model: ParityModel, random: Randomness, timers: Timers, step: number): Values {
  const given: Values = { [`step${step % 4}`]: { type: 'String', value: `s${step}` } };
  for (const [name, variable] of Object.entries(model.variables)) {
    if (variable.kind === 'list' || variable.kind === 'timer') continue;
    if (random.next() < 0.4) given[name] = draw(variable, random, timers);
  }
  return given;
}

/** Compares all with the first once they have come to rest; a difference must last. */
async function compare(sides: readonly Side[]): Promise<View[]> {
  const until = Date.now() + DIFFERENCE_LASTS_MS;
  for (;;) {
    throwUnlessSettled(sides, await Promise.all(sides.map(settle)));
    const views = await Promise.all(sides.map(viewOf));
    const [reference, ...others] = views as [View, ...View[]];
    const name = (at: number): string => sides[at]?.engine.name ?? '';
    const differences = others.map((view, at) =>
      differenceOf(reference, view, [name(0), name(at + 1)]),
    );
    const difference = differences.find((one) => one !== null);
    if (!difference) return views;
    if (Date.now() > until) throw new Different(difference + (await failedJob(sides)));
    await sleep(100);
  }
}

function throwUnlessSettled(sides: readonly Side[], settled: readonly boolean[]): void {
  if (settled.every((one) => one)) return;
  if (settled.every((one) => !one)) throw new Endless('no engine comes to rest');
  const shown = settled.map((one, at) => `${sides[at]?.engine.name} ${one ? 'does' : 'does not'}`);
  throw new Different(`comes to rest: ${shown.join(', ')}`);
}

/** What explains a difference: a job that failed on the first engine. */
async function failedJob([reference]: readonly Side[]): Promise<string> {
  if (!reference) return '';
  const path = `/incident?processInstanceId=${reference.root}`;
  const [incident] = await reference.engine.list<{ incidentMessage: string | null }>(path);
  if (!incident) return '';
  return ` (a job failed on ${reference.engine.name}: ${incident.incidentMessage?.slice(0, 120)})`;
}

function throwUnlessAlike(what: string, sides: readonly Side[], answers: readonly Answer[]): void {
  if (answers.every(({ ok }) => ok === answers[0]?.ok)) return;
  const shown = answers.map((answer, at) => `${sides[at]?.engine.name} ${describe(answer)}`);
  throw new Different(`${what}: ${shown.join(' | ')}`);
}

const list = (answers: readonly Answer[]): string => answers.map(describe).join(' | ');

/** Without what differs from run to run. */
function plain(text: string, suffix: string): string {
  return text.replaceAll(suffix, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…');
}
