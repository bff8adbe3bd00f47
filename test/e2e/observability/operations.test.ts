import { describe, expect, it } from 'vitest';
import { operationsOf } from '../../support/documented-answers.ts';
import type { TestService } from '../../support/service.ts';
import { useTestService } from '../../support/use-service.ts';

describe('the documentation of the API', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  const operations = () => operationsOf(service.api.document);
  const schemas = () => service.api.document.components.schemas;

  function hasExample(content: {
    schema?: object;
    example?: unknown;
    examples?: unknown;
  }): boolean {
    if (content.example !== undefined || content.examples !== undefined) return true;
    const schema = content.schema as { $ref?: string; examples?: unknown; example?: unknown };
    const target = schema.$ref?.replace('#/components/schemas/', '');
    const found = target === undefined ? schema : (schemas()[target] as typeof schema);
    return found.examples !== undefined || found.example !== undefined;
  }

  it('is OpenAPI 3.1 and names every call', () => {
    expect(service.api.document.openapi).toBe('3.1.0');
    expect(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual([
      'delete /api/admin/subscriptions/{id}',
      'delete /console/session',
      'get /api/admin/audit',
      'get /api/admin/bulk',
      'get /api/admin/bulk/{id}',
      'get /api/admin/bulk/{id}/failures',
      'get /api/admin/deliveries',
      'get /api/admin/jobs/failed',
      'get /api/admin/keys',
      'get /api/admin/settings',
      'get /api/admin/subscriptions',
      'get /api/admin/subscriptions/{id}/secrets',
      'get /api/analytics/attention',
      'get /api/analytics/processes',
      'get /api/analytics/steps',
      'get /api/analytics/throughput',
      'get /api/definitions',
      'get /api/definitions/{key}',
      'get /api/definitions/{key}/bpmn',
      'get /api/definitions/{key}/stats',
      'get /api/event-log/{traceabilityId}',
      'get /api/events',
      'get /api/process',
      'get /api/process/status/{correlationId}',
      'get /api/process/{correlationId}/activities',
      'get /api/process/{correlationId}/events',
      'get /api/tasks',
      'get /api/tasks/{id}',
      'get /console/session',
      'get /engine-rest/external-task/{id}',
      'get /health/live',
      'get /health/ready',
      'get /metrics',
      'post /api/admin/bulk',
      'post /api/admin/bulk/{id}/resume',
      'post /api/admin/bulk/{id}/stop',
      'post /api/admin/deliveries/replay',
      'post /api/admin/deliveries/{id}/replay',
      'post /api/admin/jobs/failed/retry',
      'post /api/admin/jobs/failed/{id}/retry',
      'post /api/admin/subscriptions',
      'post /api/admin/subscriptions/{id}/retire',
      'post /api/admin/subscriptions/{id}/rotate',
      'post /api/process/complete',
      'post /api/process/start',
      'post /api/process/start-many',
      'post /api/process/{correlationId}/cancel',
      'post /api/process/{correlationId}/erase',
      'post /api/process/{correlationId}/message',
      'post /api/process/{correlationId}/restore',
      'post /api/process/{correlationId}/retry',
      'post /api/tasks/{id}/claim',
      'post /api/tasks/{id}/complete',
      'post /api/tasks/{id}/unclaim',
      'post /console/session',
      'post /engine-rest/external-task/fetchAndLock',
      'post /engine-rest/external-task/{id}/bpmnError',
      'post /engine-rest/external-task/{id}/complete',
      'post /engine-rest/external-task/{id}/extendLock',
      'post /engine-rest/external-task/{id}/failure',
      'post /engine-rest/external-task/{id}/unlock',
    ]);
    for (const { path, operation } of operations()) expect(operation.summary, path).toBeTruthy();
  });

  it('has no reference without a target, and no definition without a reference', () => {
    const text = JSON.stringify(service.api.document);
    const targets = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(0);
    const names = new Set(targets.map((target) => target.replace('#/components/schemas/', '')));
    // The unions over the processes are for callers: no operation refers to them (decision 79).
    const used = [...names, 'KnownStart', 'ProcessTypes'].sort();
    expect(Object.keys(schemas()).sort()).toEqual(used);
  });

  /** Calls that say all they say in their path and headers. */
  const BARE = /[/](retry|unclaim|unlock|session|stop|resume|rotate|retire|replay)$/;

  it('has an example for every body and every answer', () => {
    for (const { path, method, operation } of operations()) {
      const bodies = Object.values(operation.requestBody?.content ?? {});
      const hasBody = method === 'post' && !BARE.test(path);
      if (hasBody) expect(bodies.length, path).toBeGreaterThan(0);
      for (const content of bodies) expect(hasExample(content), `${path} body`).toBe(true);
      for (const [status, answer] of Object.entries(operation.responses)) {
        expect(answer.description, `${path} ${status}`).not.toBe('Default Response');
        for (const content of Object.values(answer.content ?? {})) {
          if (status === '204' || status === '304') continue;
          expect(hasExample(content), `${method} ${path} ${status}`).toBe(true);
        }
      }
    }
  });

  it('names the loaded processes, with variables that work', async () => {
    const { info } = service.api.document as unknown as { info: { description: string } };
    const line = /`instant`: .* e\.g\. `(.*)`/.exec(info.description)?.[1] ?? '';
    const answer = await service.api.start('instant', JSON.parse(line));
    expect(answer.status).toBe(200);
  });

  it('can be read in a browser', async () => {
    const answer = await fetch(`${service.url}/documentation/`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('swagger-ui');
  });
});

describe('the health of the service', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  it('is live and ready while all is well', async () => {
    expect((await service.api.get('/health/live')).body).toEqual({ status: 'live' });
    const ready = await service.api.get('/health/ready');
    expect(ready.status).toBe(200);
    expect(ready.body).toEqual({
      status: 'ready',
      checks: { database: 'ok', queue: 'ok', engine: 'ok' },
    });
  });
});
