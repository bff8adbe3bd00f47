import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { operationsOf } from '../../support/documented-answers.ts';
import type { TestService } from '../../support/service.ts';
import { useTestService } from '../../support/use-service.ts';

/** Whether a call needs no credential. */
const asksNothing = (path: string, method: string): boolean =>
  path.startsWith('/health/') || (path === '/console/session' && method !== 'post');

describe('the OpenAPI document', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  const operations = () => operationsOf(service.api.document);

  /** Every schema anywhere in a part of the document. */
  function schemasIn(value: unknown): Record<string, unknown>[] {
    if (Array.isArray(value)) return value.flatMap(schemasIn);
    if (typeof value !== 'object' || value === null) return [];
    return [value as Record<string, unknown>, ...Object.values(value).flatMap(schemasIn)];
  }

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(
      JSON.parse(JSON.stringify(service.api.document)),
    );
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('gives every operation an operationId of its own in camelCase', () => {
    const ids = operations().map(({ operation }) => operation.operationId ?? '');
    for (const [at, id] of ids.entries()) {
      expect(id, operations()[at]?.path).toMatch(/^[a-z]+([A-Z][a-z]+)+$/);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        'startProcess',
        'getProcessStatus',
        'listProcesses',
        'cancelProcess',
      ]),
    );
  });

  it('gives every operation the answers that the server gives in place of any route, as problems', () => {
    for (const { path, method, operation } of operations()) {
      const wanted = ['400', '403', '408', '415', '431', '500'];
      if (!asksNothing(path, method)) wanted.push('401', '429', '503');
      if (method === 'post') wanted.push('413');
      expect(Object.keys(operation.responses), `${method} ${path}`).toEqual(
        expect.arrayContaining(wanted),
      );
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || (path === '/health/ready' && status === '503')) continue;
        // Camunda's clients read its own form of an error.
        const [type, form] = path.startsWith('/engine-rest/')
          ? ['application/json', 'EngineError']
          : ['application/problem+json', 'Problem'];
        expect(answer.content, `${method} ${path} ${status}`).toEqual({
          [type]: { schema: { $ref: `#/components/schemas/${form}` } },
        });
      }
    }
  });

  it('has no schema with both a format and a pattern, and no pattern that means other digits elsewhere', () => {
    const schemas = schemasIn(service.api.document);
    expect(schemas.some(({ format }) => format === 'date-time')).toBe(true);
    for (const schema of schemas) {
      if (typeof schema.pattern !== 'string') continue;
      expect(typeof schema.format, JSON.stringify(schema)).not.toBe('string');
      expect(schema.pattern).not.toContain('\\d');
    }
  });

  it('has every list in a query as an array that is sent as one parameter for each item', () => {
    const parameters = operations().flatMap(({ operation }) => operation.parameters ?? []);
    const lists = parameters.filter(({ schema }) => schema.type === 'array');
    expect(lists.length).toBeGreaterThan(5);
    for (const list of lists) expect(list).toMatchObject({ style: 'form', explode: true });
    for (const { schema, name } of parameters) expect(schema.anyOf, name).toBeUndefined();
  });

  it('documents an optional body as one, and never as null', () => {
    for (const { path, operation } of operations()) {
      if (!operation.requestBody) continue;
      const optional = /\/(cancel|retry|claim|restore|erase)$/.test(path);
      expect(operation.requestBody.required, path).toBe(!optional);
      // Camunda's clients send null for what they leave out.
      if (path.startsWith('/engine-rest/')) continue;
      expect(JSON.stringify(operation.requestBody), path).not.toContain('"null"');
    }
  });
});
