import type { OpenAPIV3_1 } from 'openapi-types';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { withProcesses } from '../../../src/http/openapi/process-schemas.ts';

type Schema = Record<string, unknown>;

const output = z.object({ message: z.string() });

function definition(key: string, more: { elsewhere?: string[]; ends?: 'ok' } = { ends: 'ok' }) {
  return defineProcess({
    key,
    title: `Of ${key}`,
    input: z.strictObject({ userId: z.string(), since: z.coerce.date().optional() }),
    settings: z.object({}),
    example: { userId: '42' },
    identifiers: () => ({}),
    elsewhere: more.elsewhere ?? [],
    steps: (step) => [
      step({
        name: 'work',
        number: 1,
        input: z.object({}),
        output,
        successText: 'done',
        errorText: 'not done',
        ...(more.ends ? { ends: more.ends } : {}),
        handle: () => ({ message: 'done' }),
      }),
    ],
  });
}

function documentWith(...definitions: ReturnType<typeof definition>[]) {
  const body = {
    type: 'object',
    properties: { processKey: { type: 'string' }, variables: { type: 'object' } },
    required: ['processKey'],
    additionalProperties: false,
  };
  const post = {
    requestBody: { content: { 'application/json': { schema: body } } },
    responses: {},
  };
  const document = {
    paths: { '/api/process/start': { post } },
    components: { schemas: { OrderStart: {} } },
  };
  withProcesses(document as unknown as OpenAPIV3_1.Document, definitions);
  return { post, schemas: document.components.schemas as Record<string, Schema> };
}

describe('the schemas of processes', () => {
  it('are the union of their starts by the process key, with the variables and the result of each', () => {
    const { post, schemas } = documentWith(definition('onboard-user'), definition('fulfil-order'));
    expect(schemas.KnownStart).toMatchObject({
      oneOf: [
        { $ref: '#/components/schemas/OnboardUserStart' },
        { $ref: '#/components/schemas/FulfilOrderStart' },
      ],
      discriminator: {
        propertyName: 'processKey',
        mapping: { 'onboard-user': '#/components/schemas/OnboardUserStart' },
      },
    });
    expect(schemas.OnboardUserStart).toMatchObject({
      properties: {
        processKey: { enum: ['onboard-user'] },
        variables: { $ref: '#/components/schemas/OnboardUserVariables' },
      },
      required: ['processKey', 'variables'],
      additionalProperties: false,
    });
    expect(schemas.OnboardUserVariables).toMatchObject({
      properties: { userId: { type: 'string' } },
      required: ['userId'],
      additionalProperties: false,
    });
    expect(schemas.OnboardUserResult).toMatchObject({
      properties: { message: { type: 'string' } },
    });
    // A later release of the process may add fields.
    expect(schemas.OnboardUserResult).not.toHaveProperty('additionalProperties');
    // Any other process can be started as well.
    const { schema } = post.requestBody.content['application/json'];
    expect(schema).toEqual({ $ref: '#/components/schemas/StartProcessRequest' });
    expect(schemas.StartProcessRequest).toMatchObject({
      properties: { processKey: { type: 'string' } },
    });
  });

  it('take any result where no step of ours ends the process, or another worker may', () => {
    const { schemas } = documentWith(
      definition('no-end', {}),
      definition('elsewhere', { ends: 'ok', elsewhere: ['elsewhere.other'] }),
    );
    for (const name of ['NoEndResult', 'ElsewhereResult']) {
      expect(schemas[name]).toMatchObject({ type: 'object', additionalProperties: true });
    }
  });

  it('have names of their own, whatever the keys, and however many there are', () => {
    const keys = ['order', 'Order', 'or-der', '_4711', 'Änderung', '注文', '注文2', 'known'];
    const many = Array.from({ length: 500 }, (_, at) => `process-${at}`);
    const { schemas } = documentWith(...[...keys, ...many].map((key) => definition(key)));
    const { oneOf } = schemas.KnownStart as { oneOf: { $ref: string }[] };
    const names = oneOf.map(({ $ref }) => $ref.replace('#/components/schemas/', ''));
    expect(new Set(names).size).toBe(keys.length + many.length);
    for (const name of names) {
      expect(name).toMatch(/^[A-Za-z][A-Za-z0-9]*Start$/);
      expect(schemas[name]).toHaveProperty('properties.processKey');
    }
    // The name was taken before.
    expect(schemas.OrderStart).toEqual({});
  });

  it('leave out the unions where there is no process', () => {
    const { schemas } = documentWith();
    expect(Object.keys(schemas).sort()).toEqual(['OrderStart', 'StartProcessRequest']);
  });
});
