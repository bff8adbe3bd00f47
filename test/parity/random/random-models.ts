import fc from 'fast-check';
import type { ParityModel } from '../support/model.ts';
import { arbitraryProcess } from './arbitrary-process.ts';
import { CODES, type Content } from './blocks.ts';
import { toBpmn } from './to-bpmn.ts';

const KEY = 'random';
const SHRINK_TIMEOUT_MS = 300_000;

/** So many models, the same for the same seed. */
export function randomModels(seed: number, count: number): ParityModel[] {
  return fc
    .sample(arbitraryProcess, { seed, numRuns: count })
    .map((content, at) => modelOf(`random-${seed}-${at}`, content));
}

/** The smallest model found that still differs, from a model of `randomModels`. */
export async function shrinkModel(
  seed: number,
  at: number,
  difference: (model: ParityModel) => Promise<string | null>,
): Promise<{ xml: string; why: string } | null> {
  let smallest: { xml: string; why: string } | null = null;
  const property = fc.asyncProperty(arbitraryProcess, async (content) => {
    const model = modelOf(`random-${seed}-${at}`, content);
    const why = await difference(model);
    if (why !== null) smallest = { xml: model.files().join('\n'), why };
    return why === null;
  });
  await fc.check(property, {
    seed,
    path: String(at),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_TIMEOUT_MS,
  });
  return smallest;
}

export function modelOf(id: string, content: Content): ParityModel {
  const { xml, messages } = toBpmn(KEY, content);
  return modelFromXml(id, xml, messages);
}

/** A file with one process, which uses the variables and the codes that random models have. */
export function modelFromXml(id: string, xml: string, messages: readonly string[]): ParityModel {
  return {
    id,
    starts: [{ processKey: /<bpmn:process id="([^"]+)"/.exec(xml)?.[1] ?? KEY }],
    variables: {
      a: { kind: 'bool', literals: [] },
      b: { kind: 'bool', literals: [] },
      n: { kind: 'int', literals: [2] },
      s: { kind: 'str', literals: ['x'] },
    },
    errorCodes: CODES,
    messages,
    hasTimers: false,
    hasUserTasks: xml.includes('<bpmn:userTask'),
    hasCallActivities: false,
    hasBareReceiveTasks: false,
    features: [],
    files: () => [xml],
  };
}
