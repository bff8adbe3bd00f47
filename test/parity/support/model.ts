import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeployedFile } from './engine.ts';

/** `ext`: user tasks made external tasks; `user`: user tasks as they were. */
export type Variant = 'ext' | 'user';
/** Whether the timers of a model are due within seconds, or never. */
export type Timers = 'fire' | 'wait';

/** A variable that a model reads, and how to draw values for it. */
export interface Variable {
  kind: 'bool' | 'int' | 'str' | 'list' | 'timer';
  /** Values that the model compares it with. */
  literals: readonly (string | number)[];
}

export interface ModelStart {
  processKey: string;
  /** Left out: by key. */
  message?: string;
}

/** A model to run on two engines, with what the driver must know of it. */
export interface ParityModel {
  id: string;
  starts: readonly ModelStart[];
  variables: Readonly<Record<string, Variable>>;
  errorCodes: readonly string[];
  messages: readonly string[];
  hasTimers: boolean;
  hasUserTasks: boolean;
  hasCallActivities: boolean;
  /** Receive tasks without a message: they are triggered by their execution. */
  hasBareReceiveTasks: boolean;
  /** What of BPMN it uses. */
  features: readonly string[];
  /** BPMN with the prefix `bpmn:`; its timers last 1 to 4 seconds. */
  files(): readonly string[];
}

/** An entry of `index.json` beside the models. */
interface IndexEntry {
  id: string;
  variant: Variant;
  path: string;
  companions: string[];
  starts: ModelStart[];
  features: string[];
  variables: Record<string, Variable>;
  errorCodes: string[];
  messages: string[];
  hasTimers: boolean;
  hasUserTasks: boolean;
}

const DEFAULT_FOLDER = fileURLToPath(new URL('../../../data/parity-models', import.meta.url));

/** Where the models are that are not part of this repository; null: they are not on this machine. */
export function modelFolder(): string | null {
  const folder = process.env.PARITY_MODELS || DEFAULT_FOLDER;
  return existsSync(join(folder, 'index.json')) ? folder : null;
}

export function readModels(folder: string): (ParityModel & { variant: Variant })[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as IndexEntry[];
  return index.map(({ path, companions, ...entry }) => ({
    ...entry,
    hasUserTasks: entry.variant === 'user' && entry.hasUserTasks,
    hasCallActivities: entry.features.includes('CallActivity'),
    hasBareReceiveTasks: entry.features.includes('receive task without message'),
    files: () =>
      [path, ...companions].map((one) => readFileSync(join(folder, 'models', one), 'utf8')),
  }));
}

/** Models that together have every feature that any has, the first of each; at most `max`. */
export function sampleOf<T extends ParityModel>(models: readonly T[], max: number): T[] {
  const seen = new Set<string>();
  const chosen = models.filter(({ features }) => {
    const isNew = features.some((one) => !seen.has(one));
    for (const one of features) seen.add(one);
    return isNew;
  });
  return chosen.slice(0, max);
}

let deployments = 0;
/** A name that no other deployment on any engine has, so that nothing reaches the instances of another model. */
export function nextSuffix(): string {
  deployments++;
  const unique = `${process.pid.toString(36)}${Date.now().toString(36)}`;
  return `_r${unique}x${String(deployments).padStart(5, '0')}`;
}

/** The files to deploy: process keys, message and signal names made its own; timers short or long. */
export function filesFor(model: ParityModel, suffix: string, timers: Timers): DeployedFile[] {
  return model.files().map((source, at) => {
    const xml = source
      .replace(/(<bpmn:process id="[^"]*)"/g, `$1${suffix}"`)
      .replace(/((?:calledElement|processRef)="[^"]*)"/g, `$1${suffix}"`)
      .replace(/<bpmn:(message|signal) [^>]*>/g, (tag) =>
        tag.replace(/( name="[^"$#]*)"/, `$1${suffix}"`),
      );
    return {
      name: `m${at}${suffix}.bpmn`,
      xml: timers === 'wait' ? withLongTimers(xml) : xml,
    };
  });
}

function withLongTimers(xml: string): string {
  return xml.replace(
    /(<bpmn:time\w+[^>]*>)(R2\/)?(PT[1-4]S|2001)/g,
    (_all, tag: string, cycle: string | undefined, value: string) =>
      `${tag}${cycle ?? ''}${value === '2001' ? '2099' : 'P100D'}`,
  );
}
