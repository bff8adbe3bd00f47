import { describe, expect, it } from 'vitest';
import {
  createSchemaCheck,
  type Operation,
  operationsOf,
  type Parameter,
} from '../../support/documented-answers.ts';
import { type Schema, type Variation, variationsOf } from '../../support/schema-variations.ts';
import type { TestService } from '../../support/service.ts';
import { useTestService } from '../../support/use-service.ts';

/** What the service refuses though its schema takes it: JSON Schema cannot say these. */
const REFUSED_BESIDES: readonly RegExp[] = [
  // Only the service makes these; any other text is refused.
  /^\w+ query cursor: /,
  /^readEventFeed header last-event-id: /,
  // Names of the IANA database.
  /^\w+ query timeZone: /,
  // A page has fewer events than an export may have.
  /^readEventFeed query limit: the number 100000[01]$/,
  // The fields of a filter must fit each other and the action.
  /^beginBulk body: filter: (status|from|to): /,
  // Callbacks are off in this service: no host is allowed.
  /^startProcess body: callback: /,
  /^createSubscription body: /,
  // Values of headers are Latin-1 without control characters, and lose the spaces around them.
  /^\w+ header [\w-]+: (a space$|a control character|Arabic digits|a letter that is not ASCII)/,
];

/** What the service takes though its schema refuses it. */
const TAKEN_BESIDES: readonly RegExp[] = [
  // No body, for callers who send something instead.
  /^(cancelProcess|retryProcess|restoreProcess|eraseProcess|claimTask) body: null$/,
];

interface Call {
  method: string;
  path: string;
  query?: URLSearchParams;
  headers?: Record<string, string>;
  body?: unknown;
}

describe('the document about requests', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  const operations = () => operationsOf(service.api.document);

  /** The status of a call whose connection is not reused: some of them are cut off. */
  async function send({ method, path, query, headers, body }: Call): Promise<number> {
    const url = `${service.url}${path}${query && query.size > 0 ? `?${query}` : ''}`;
    const answer = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await answer.body?.cancel();
    return answer.status;
  }

  /** A call that is valid in all parts, about a process that does not exist. */
  function sampleCall(path: string, method: string, operation: Operation): Call {
    const json = operation.requestBody?.content['application/json'];
    const body = json?.example as Record<string, unknown> | undefined;
    return {
      method: method.toUpperCase(),
      path: path.replace(/\{[^}]+\}/g, 'nothing-there'),
      ...(body ? { body } : {}),
    };
  }

  /** Nothing where a value cannot be sent there at all. */
  function withParameter(
    call: Call,
    path: string,
    parameter: Parameter,
    value: unknown,
  ): Call | null {
    const { name } = parameter;
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return null;
    switch (parameter.in) {
      case 'query': {
        const values = [value].flat().map(String);
        return {
          ...call,
          query: new URLSearchParams(values.map((one): [string, string] => [name, one])),
        };
      }
      case 'path': {
        const text = String(value);
        // Other paths, or none.
        if (['', '.', '..', 'status'].includes(text)) return null;
        const filled = path.replace(`{${name}}`, encodeURIComponent(text));
        return { ...call, path: filled };
      }
      default: {
        const text = String(value);
        // fetch refuses to send them.
        if (/[^\x20-\xff]/.test(text) || text.trim() !== text) return null;
        return { ...call, headers: { [name]: text } };
      }
    }
  }

  /** What arrives of a value that is sent as text. */
  function asReceived({ schema }: Parameter, value: unknown): unknown {
    if (schema.type === 'array') return [value].flat().map(String);
    if (Array.isArray(value)) return value.length === 1 ? String(value[0]) : value;
    return schema.type === 'integer' && /^-?\d+$/.test(String(value))
      ? Number(value)
      : String(value);
  }

  async function compare(what: string, isTaken: boolean, call: Call): Promise<string | null> {
    const exceptions = isTaken ? REFUSED_BESIDES : TAKEN_BESIDES;
    if (exceptions.some((one) => one.test(what))) return null;
    const status = await send(call);
    if (isTaken) return status === 400 ? `${what}: documented, and refused` : null;
    return status === 400 ? null : `${what}: not documented, and answered ${status}`;
  }

  it('has a schema for every parameter that refuses what the service refuses, and only that', async () => {
    const validatorOf = createSchemaCheck(service.api.document);
    const found: (string | null)[] = [];
    let tried = 0;
    for (const { path, method, operation } of operations()) {
      const call = sampleCall(path, method, operation);
      for (const parameter of operation.parameters ?? []) {
        const validate = validatorOf(parameter.schema);
        for (const { what, value } of variationsOf(parameter.schema, undefined)) {
          const varied = withParameter(call, path, parameter, value);
          if (!varied) continue;
          tried++;
          const isTaken = validate(asReceived(parameter, value));
          const title = `${operation.operationId} ${parameter.in} ${parameter.name}: ${what}`;
          found.push(await compare(title, isTaken, varied));
        }
      }
    }
    expect(found.filter(Boolean)).toEqual([]);
    expect(tried).toBeGreaterThan(300);
  });

  it('has a schema for every body that refuses what the service refuses, and only that', async () => {
    const validatorOf = createSchemaCheck(service.api.document);
    const found: (string | null)[] = [];
    let tried = 0;
    for (const { path, method, operation } of operations()) {
      const call = sampleCall(path, method, operation);
      const schema = operation.requestBody?.content['application/json']?.schema as
        | Schema
        | undefined;
      if (!schema) continue;
      const validate = validatorOf(schema);
      for (const { what, value } of bodiesOf(schema, call.body)) {
        tried++;
        const title = `${operation.operationId} body: ${what}`;
        found.push(await compare(title, validate(value), { ...call, body: value }));
      }
    }
    expect(found.filter(Boolean)).toEqual([]);
    expect(tried).toBeGreaterThan(200);
  });
});

/** Variations of a body, and of each of its forms. */
function bodiesOf(schema: Schema, sample: unknown): Variation[] {
  const forms = (schema.oneOf as Schema[] | undefined) ?? [schema];
  const failed = {
    status: 'error',
    correlationId: 'order-4711',
    error: { code: 'LOST', message: 'The parcel was lost.' },
  };
  return forms.flatMap((form, at) => variationsOf(form, at === 0 ? sample : failed));
}
