import type { OpenAPIV3_1 } from 'openapi-types';
import { type ProcessDefinition, topicOf } from '../../../domain/steps/index.ts';
import { jsonSchemaOf } from '../answers/definition-answers.ts';
import { openAnswers } from './portable.ts';

type Schema = Record<string, unknown>;

/** The schema of a start of any process, by the name that generators give it. */
const START = 'StartProcessRequest';
/** The starts of the processes of this service. */
const KNOWN = 'KnownStart';
/** By process key: its variables and its result. */
const TYPES = 'ProcessTypes';

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/**
 * Adds schemas of the variables, the start and the result of each process, and the union of their starts, discriminated by
 * `processKey`. The body of a start stays one that takes any process: a client that was generated before a process was added
 * can start it, too, and the union is no class of its own in the way of those that were generated from earlier documents.
 */
export function withProcesses(
  document: OpenAPIV3_1.Document,
  definitions: Iterable<ProcessDefinition>,
): void {
  const { components = {} } = document;
  components.schemas ??= {};
  const schemas = components.schemas as Record<string, Schema>;
  const start = takeStart(document);
  const all = [...definitions];
  if (!start) return;
  schemas[START] = start;
  if (all.length === 0) return;
  const mapping: Record<string, string> = {};
  const types: Record<string, Schema> = {};
  const nameOf = createNames(new Set([START, KNOWN, TYPES, ...Object.keys(schemas)]));
  for (const definition of all) {
    const { key, title, input, example } = definition;
    const name = nameOf(key);
    schemas[`${name}Variables`] = jsonSchemaOf(input);
    schemas[`${name}Result`] = resultSchemaOf(definition);
    openAnswers(schemas[`${name}Result`]);
    schemas[`${name}Start`] = startSchemaOf(start, definition, `${name}Variables`);
    mapping[key] = `#/components/schemas/${name}Start`;
    types[key] = {
      type: 'object',
      title,
      properties: { variables: ref(`${name}Variables`), result: ref(`${name}Result`) },
      required: ['variables', 'result'],
      example: { variables: example, result: {} },
    };
  }
  const discriminator = { propertyName: 'processKey', mapping };
  schemas[KNOWN] = {
    description: 'The start of a process of this service',
    oneOf: Object.values(mapping).map(($ref) => ({ $ref })),
    discriminator,
  };
  schemas[TYPES] = {
    type: 'object',
    description: 'Of each process of this service, by its key, the variables and the result',
    properties: types,
    required: Object.keys(types),
  };
}

/** The names of the schemas that no operation names. */
export const KEPT: readonly string[] = [KNOWN, TYPES];

/** Makes the body of a start a schema with a name, the one that generators give it. */
function takeStart({ paths }: OpenAPIV3_1.Document): Schema | null {
  const body = paths?.['/api/process/start']?.post?.requestBody;
  if (!body || '$ref' in body) return null;
  const media = body.content['application/json'];
  const start = media?.schema as Schema | undefined;
  if (!media || !start || '$ref' in start) return null;
  media.schema = ref(START) as OpenAPIV3_1.ReferenceObject;
  return start;
}

/** The schema of any start, narrowed to one process. */
function startSchemaOf(
  start: Schema,
  { key, title, input, example }: ProcessDefinition,
  variablesName: string,
): Schema {
  const needsVariables = !input.safeParse({}).success;
  return {
    ...start,
    title,
    properties: {
      ...(start.properties as Schema),
      processKey: { type: 'string', enum: [key] },
      variables: ref(variablesName),
    },
    required: needsVariables ? ['processKey', 'variables'] : ['processKey'],
    examples: [{ processKey: key, variables: example }],
  };
}

/** What its final steps return; anything where a step elsewhere may end it. */
function resultSchemaOf({ key, title, steps, elsewhere = [] }: ProcessDefinition): Schema {
  const description = `The result of ${key}: ${title}`;
  const finals = steps.filter(({ ends }) => ends === 'ok');
  const isOpen = finals.length === 0 || elsewhere.some((topic) => !steps.some(isOf(key, topic)));
  if (isOpen) return { description, type: 'object', additionalProperties: true };
  const [only, ...others] = finals.map(({ output }) => jsonSchemaOf(output, 'output'));
  return others.length === 0 ? { ...only, description } : { description, anyOf: [only, ...others] };
}

const isOf = (key: string, topic: string) => (step: ProcessDefinition['steps'][number]) =>
  topicOf(key, step) === topic;

/** Makes names for schemas of process keys: letters and digits, each once. */
function createNames(taken: Set<string>): (key: string) => string {
  return (key) => {
    const words = key.match(/[A-Za-z0-9]+/g) ?? [];
    const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
    const base = /^[A-Za-z]/.test(joined) ? joined : `Process${joined}`;
    for (let nth = 1; ; nth++) {
      const name = nth === 1 ? base : `${base}${nth}`;
      const made = ['Variables', 'Result', 'Start'].map((ending) => name + ending);
      if (made.some((one) => taken.has(one))) continue;
      for (const one of made) taken.add(one);
      return name;
    }
  };
}
