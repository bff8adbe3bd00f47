import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { JAVA_SERIALIZED, type Value, type Values } from '../../domain/bpmn/index.ts';
import { javaNumber, writtenAs } from '../worker/java-numbers.ts';
import type { EmbeddedEngine, VariableChange } from './engine-api.ts';
import { explained, orMissing } from './http-errors.ts';
import { json, noContent } from './http-json.ts';
import { BadRequest, readTyped } from './typed-value.ts';

const variableSchema = z.strictObject({
  value: z.unknown(),
  type: z.string().nullish(),
  valueInfo: z.record(z.string(), z.unknown()).nullish(),
  /** Sent by some clients, which mean their own bookkeeping by it. */
  local: z.boolean().nullish(),
});
/** Variables of a request by name. */
export const variablesSchema = z.record(z.string(), variableSchema).nullish();
const changeBody = z.strictObject({
  /** Sent by the Java client, for which it is a report of a worker. */
  workerId: z.string().nullish(),
  modifications: variablesSchema,
  deletions: z.array(z.string()).nullish(),
});
const readQuery = z.strictObject({
  deserializeValues: z.enum(['true', 'false']).optional(),
  deserializeValue: z.enum(['true', 'false']).optional(),
});

/** @throws BadRequest naming a variable whose value does not fit its type */
export function readVariables(given: z.infer<typeof variablesSchema>): Values {
  const entries = Object.entries(given ?? {});
  // By `fromEntries`, which takes a variable of the name `__proto__` for one.
  return Object.fromEntries(entries.map(([name, one]) => [name, readTyped(name, one)]));
}

/** As Camunda answers. @param deserialized objects as JSON instead of the text of their serialization */
export function variablesView(values: Values, deserialized = false) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, variableView(value, deserialized)]),
  );
}

export function variableView({ type, value, info }: Value, deserialized = false) {
  switch (type) {
    case 'Double':
    case 'Long':
      return { type, value: javaNumber(type, value), valueInfo: info ?? {} };
    // Its content has a call of its own.
    case 'File':
      return { type, value: null, valueInfo: info ?? {} };
    case 'Object':
      return { type, ...objectView(value, info ?? {}, deserialized) };
    default:
      return { type, value, valueInfo: info ?? {} };
  }
}

/** The JSON of an object is shown as it was given: classes are not known here. */
function objectView(value: unknown, info: NonNullable<Value['info']>, deserialized: boolean) {
  const { [JAVA_SERIALIZED]: java, ...given } = info;
  const valueInfo =
    java === undefined
      ? given
      : { ...given, serializationDataFormat: 'application/x-java-serialized-object' };
  if (deserialized && typeof value === 'string' && isJson(value)) {
    return { value: writtenAs(value), valueInfo };
  }
  return { value: java ?? value, valueInfo };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The variables of a process instance, whether it is running or not. */
export function variablesOf(engine: EmbeddedEngine, instanceId: string): Values {
  if (engine.history.instance(instanceId).state === 'ACTIVE') {
    return engine.instances.variables(instanceId);
  }
  const own = engine.history
    .variables(instanceId)
    .filter(({ activityInstanceId }) => activityInstanceId === instanceId);
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

/** The bytes of a value; those of a File with the content type and the name that it has. */
function binary(reply: FastifyReply, id: string, { type, value, info }: Value): FastifyReply {
  if (type !== 'Bytes' && type !== 'File') {
    throw new BadRequest(`Value of variable with id ${id} is not a binary value.`);
  }
  const { filename, mimeType = 'application/octet-stream', encoding } = info ?? {};
  reply.header('content-type', encoding ? `${mimeType};charset=${encoding}` : mimeType);
  if (typeof filename === 'string') {
    const encoded = encodeURIComponent(filename);
    const plain = filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
    reply.header(
      'content-disposition',
      `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
    );
  }
  return reply.send(Buffer.from(String(value ?? ''), 'base64'));
}

interface VariableScope {
  /** With `:id`, for example `/process-instance/:id/variables`. */
  path: string;
  /** Camunda's word for whose variables they are. */
  owner: string;
  read(id: string): Values;
  change(id: string, change: VariableChange): Promise<void>;
}

/** All variables of something, and each of them. */
export function registerVariableRoutes(
  api: FastifyInstance,
  { path, owner, read, change }: VariableScope,
): void {
  type All = { Params: { id: string } };
  type One = { Params: { id: string; name: string } };
  const kind = owner === 'task' ? 'task' : 'execution';
  const ifMissing = <T>(id: string, work: () => T | Promise<T>) =>
    orMissing(
      () =>
        new BadRequest(`${kind} ${id} doesn't exist: ${kind} is null`, 500, 'NullValueException'),
      work,
    );
  const changed = (what: string, id: string, changeOf: () => VariableChange) =>
    explained(`Cannot ${what}`, () => ifMissing(id, () => change(id, changeOf())));

  api.get<All>(path, async ({ params: { id }, query }, reply) => {
    const { deserializeValues } = readQuery.parse(query);
    const values = await ifMissing(id, () => read(id));
    return json(reply, variablesView(values, deserializeValues !== 'false'));
  });

  api.post<All>(path, async ({ params: { id }, body }, reply) => {
    const { modifications, deletions } = changeBody.parse(body);
    await changed(`modify variables for ${owner} ${id}`, id, () => ({
      set: readVariables(modifications),
      remove: deletions ?? [],
    }));
    return noContent(reply);
  });

  async function readOne(id: string, name: string): Promise<Value> {
    const values = await explained(`Cannot get ${owner} variable ${name}`, () =>
      ifMissing(id, () => read(id)),
    );
    const found = new Map(Object.entries(values)).get(name);
    if (found) return found;
    throw new BadRequest(`${owner} variable with name ${name} does not exist`, 404);
  }

  api.get<One>(`${path}/:name`, async ({ params: { id, name }, query }, reply) => {
    const { deserializeValue } = readQuery.parse(query);
    return json(reply, variableView(await readOne(id, name), deserializeValue !== 'false'));
  });

  api.get<One>(`${path}/:name/data`, async ({ params: { id, name } }, reply) => {
    return binary(reply, id, await readOne(id, name));
  });

  api.put<One>(`${path}/:name`, async ({ params: { id, name }, body }, reply) => {
    const variable = variableSchema.parse(body);
    await changed(`put ${owner} variable ${name}`, id, () => ({
      set: readVariables(Object.fromEntries([[name, variable]])),
    }));
    return noContent(reply);
  });

  api.delete<One>(`${path}/:name`, async ({ params: { id, name } }, reply) => {
    await changed(`delete ${owner} variable ${name}`, id, () => ({ remove: [name] }));
    return noContent(reply);
  });
}
