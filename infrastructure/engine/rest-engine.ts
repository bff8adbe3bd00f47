import { Agent, FormData, request } from 'undici';
import { z } from 'zod';
import { EngineRefusedError, EngineUnavailableError } from '../../domain/errors.ts';
import type { Engine } from '../../domain/ports/engine.ts';
import { traceHeaders } from '../observability/tracing.ts';
import type { Method } from './call-engine.ts';
import { type EngineAuth, noAuth } from './engine-auth.ts';
import { createInspection, instancesAnswer, toInstance } from './rest-inspection.ts';
import { createCorrelate } from './rest-messages.ts';
import { createRetryFailed } from './rest-retry.ts';
import { toEngineVariables } from './variables.ts';

export interface RestEngineOptions {
  /** For example `http://localhost:8080/engine-rest`. */
  baseUrl: string;
  /** Left out: none. Its owner closes it. */
  auth?: EngineAuth;
  /** Milliseconds for one call. */
  timeoutMs?: number;
}

export interface RestEngine extends Engine {
  close(): Promise<void>;
}

const versionAnswer = z.object({ version: z.string() });
const startAnswer = z.object({ id: z.string() });

/** An answer, but not one to rely on: of an engine in trouble, or of somebody in between. */
export class EngineAnswerError extends EngineUnavailableError {
  constructor(
    readonly httpStatus: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The engine port on the REST API of Camunda 7 and Operaton. */
export function createRestEngine(options: RestEngineOptions): RestEngine {
  const { auth = noAuth(), timeoutMs = 15_000 } = options;
  const base = options.baseUrl.replace(/\/+$/, '');
  const agent = new Agent({ connections: 64, pipelining: 1 });

  async function send(
    method: Method,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string }> {
    const authorization = await auth.header();
    const answer = await sendAs(authorization, method, path, body);
    if (answer.status !== 401) return answer;
    const renewed = await auth.renewed(authorization);
    return renewed === undefined ? answer : sendAs(renewed, method, path, body);
  }

  async function sendAs(
    authorization: string | undefined,
    method: Method,
    path: string,
    body: unknown,
  ): Promise<{ status: number; text: string }> {
    const isForm = body instanceof FormData;
    try {
      const answer = await request(`${base}${path}`, {
        method,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...traceHeaders(),
          accept: 'application/json',
          ...(body !== undefined && !isForm ? { 'content-type': 'application/json' } : {}),
        },
        body: body === undefined ? null : isForm ? body : JSON.stringify(body),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (cause) {
      throw new EngineUnavailableError(`the engine at ${base} cannot be reached`, { cause });
    }
  }

  async function call<T>(
    schema: z.ZodType<T>,
    method: Method,
    path: string,
    body?: unknown,
  ): Promise<T> {
    const { status, text } = await send(method, path, body);
    if (status < 200 || status >= 300) throw failure(status, text);
    const found = schema.safeParse(parse(text));
    if (found.success) return found.data;
    // A proxy's page, for example. Whether the engine has heard is open.
    throw new EngineAnswerError(
      status,
      `the engine at ${base} answered ${status} with something else than it should: ${text.slice(0, 200)}`,
      { cause: found.error },
    );
  }

  async function remove(path: string): Promise<void> {
    const { status, text } = await send('DELETE', path);
    if (status !== 404 && status >= 300) throw failure(status, text);
  }

  const cancel = (id: string): Promise<void> =>
    remove(
      `/process-instance/${encodeURIComponent(id)}?skipCustomListeners=true&skipIoMappings=true`,
    );

  async function forgetEnded(id: string): Promise<void> {
    const query = new URLSearchParams({ superProcessInstanceId: id });
    const called = await call(instancesAnswer, 'GET', `/history/process-instance?${query}`);
    for (const one of called) await forgetEnded(one.id);
    await remove(`/history/process-instance/${encodeURIComponent(id)}`);
  }

  return {
    async deploy(name, files) {
      const form = new FormData();
      form.set('deployment-name', name);
      form.set('deployment-source', 'fastify-camunda');
      form.set('deploy-changed-only', 'true');
      for (const { fileName, content } of files) {
        form.set(fileName, new Blob([content], { type: 'text/xml' }), fileName);
      }
      await call(z.unknown(), 'POST', '/deployment/create', form);
    },
    async start(processKey, businessKey, variables) {
      const { id } = await call(
        startAnswer,
        'POST',
        `/process-definition/key/${encodeURIComponent(processKey)}/start`,
        { businessKey, variables: toEngineVariables(variables) },
      );
      return id;
    },
    async findInstances(processKey, businessKey) {
      const query = new URLSearchParams({
        processInstanceBusinessKey: businessKey,
        processDefinitionKey: processKey,
        sortBy: 'startTime',
        sortOrder: 'asc',
      });
      const found = await call(instancesAnswer, 'GET', `/history/process-instance?${query}`);
      return found.map(toInstance);
    },
    cancel,
    async forget(processInstanceId) {
      await cancel(processInstanceId);
      await forgetEnded(processInstanceId);
    },
    retryFailed: createRetryFailed(call),
    ...createInspection(call),
    correlate: createCorrelate(call),
    async version() {
      const { version } = await call(versionAnswer, 'GET', '/version');
      return version;
    },
    close: () => agent.close(),
  };
}

/** 5xx, 408 and 429 may pass; 401 and 403 are settings to be mended, after which it goes on. */
function failure(status: number, text: string): Error {
  const reason = reasonIn(text);
  if (status >= 500 || [401, 403, 408, 429].includes(status)) {
    return new EngineAnswerError(status, `the engine answered ${status}: ${reason}`);
  }
  return new EngineRefusedError(status, reason);
}

/** The engine's sentence, or what somebody in between says. */
function reasonIn(text: string): string {
  const { message } = (parse(text) ?? {}) as { message?: unknown };
  const reason = typeof message === 'string' && message !== '' ? message : text;
  return reason.slice(0, 1_000) || 'no reason given';
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
