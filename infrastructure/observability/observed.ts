import { type Log, logIds } from '../../domain/common/index.ts';
import type { Engine } from '../../domain/engine/index.ts';
import type { Job, JobHandler, JobHandlers, Queue } from '../../domain/outbox/index.ts';
import type { EventStore } from '../../domain/process/index.ts';
import { type Metrics, secondsSince } from './metrics.ts';
import { ATTRIBUTES, failSpan, SpanKind, type Tracing, traceFields } from './tracing.ts';

export interface Observers {
  metrics: Metrics;
  tracing: Tracing;
}

/** Measures and traces the appends of an event store. */
export function observedEventStore(store: EventStore, { metrics, tracing }: Observers): EventStore {
  async function timed(...call: Parameters<EventStore['append']>) {
    const began = performance.now();
    let outcome = 'error';
    try {
      const result = await store.append(...call);
      outcome = result.duplicate ? 'duplicate' : 'ok';
      return result;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'VERSION_CONFLICT') outcome = 'conflict';
      throw error;
    } finally {
      metrics.append.observe({ outcome }, secondsSince(began));
    }
  }
  return {
    ...store,
    append(correlationId, events, options) {
      if (!tracing.enabled) return timed(correlationId, events, options);
      const types = events.map(({ type }) => type);
      const attributes = {
        [ATTRIBUTES.correlationId]: correlationId,
        [ATTRIBUTES.events]: types,
      };
      return tracing.inSpan(`append ${types[0] ?? 'nothing'}`, { attributes, root: false }, () =>
        timed(correlationId, events, options),
      );
    },
  };
}

/** Measures and traces one call of an engine. */
export async function observedCall<T>(
  { metrics, tracing }: Observers,
  operation: string,
  call: () => T | Promise<T>,
  isRefusal: (error: unknown) => boolean,
): Promise<T> {
  const began = performance.now();
  let outcome = 'error';
  try {
    const options = { kind: SpanKind.CLIENT, root: false, shown: withoutWords };
    const answer = await tracing.inSpan(`engine ${operation}`, options, async () => call());
    outcome = 'ok';
    return answer;
  } catch (error) {
    if (isRefusal(error)) outcome = 'refused';
    throw error;
  } finally {
    metrics.engineCall.observe({ operation, outcome }, secondsSince(began));
  }
}

/** Without the words of the engine's answer: they may quote variables, and so personal data. */
function withoutWords(error: unknown): unknown {
  const { code, name, httpStatus, httpStatusCode } = (error ?? {}) as Record<string, unknown>;
  const status = httpStatus ?? httpStatusCode;
  if (status === undefined) return error;
  return Object.assign(new EngineAnswer(`the engine answered ${status}`), { code: code ?? name });
}

/** The stack would begin with the words. */
class EngineAnswer extends Error {
  override stack = '';
}

/** Measures and traces each call of an engine. */
export function observedEngine<E extends Engine>(engine: E, observers: Observers): E {
  const isRefusal = (error: unknown): boolean =>
    (error as { code?: unknown }).code === 'ENGINE_REFUSED';
  const observe =
    (operation: string, call: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): Promise<unknown> =>
      observedCall(observers, operation, () => call(...args), isRefusal);
  const observed = Object.entries(engine).map(([name, member]) => [
    name,
    typeof member === 'function' && name !== 'close' ? observe(name, member.bind(engine)) : member,
  ]);
  // The same members with the same types.
  return Object.fromEntries(observed) as E;
}

export interface JobLog extends Pick<Log, 'debug'> {
  isLevelEnabled?(level: string): boolean;
}

/** Measures how long after its event a process was projected. */
export function observeLag(
  { createdAt }: Pick<Job, 'createdAt'>,
  { metrics, now }: Pick<Observers, 'metrics'> & { now: () => number },
): void {
  // Not below 0: the clocks of two machines may differ by more than a projection takes.
  if (createdAt) metrics.projectionLag.observe(Math.max(0, now() - Date.parse(createdAt)) / 1_000);
}

/**
 * Measures and traces the publishing and the running of jobs. A job carries the span of its publication, which the
 * service instance that runs it continues.
 */
export function observedQueue(
  queue: Queue,
  { metrics, tracing, log, now }: Observers & { log: JobLog; now: () => number },
): Queue {
  function handled(name: Job['name'], handler: JobHandler): JobHandler {
    return async (job, delivery) => {
      const began = performance.now();
      let outcome = 'error';
      try {
        await tracing.inSpan(
          `process ${name}`,
          {
            kind: SpanKind.CONSUMER,
            parent: job,
            attributes: {
              ...messaging(job, 'process'),
              [ATTRIBUTES.attempt]: delivery.attempt,
            },
          },
          () => handler(job, delivery),
        );
        outcome = 'ok';
        if (name === 'project-process') observeLag(job, { metrics, now });
      } finally {
        const seconds = secondsSince(began);
        metrics.job.observe({ job: name, outcome }, seconds);
        if (log.isLevelEnabled?.('debug')) {
          const ids = logIds(job.correlationId, job.traceparent);
          const { eventId } = job;
          const { attempt } = delivery;
          log.debug({ ...ids, job: name, eventId, attempt, outcome, seconds }, 'job run');
        }
      }
    };
  }

  /** Starts a span for the publication of one job; the caller ends it when the queue has answered. */
  function publishing(job: Job): { job: Job; end: (error?: unknown) => void } {
    const span = tracing.start(`publish ${job.name}`, {
      kind: SpanKind.PRODUCER,
      parent: job,
      attributes: messaging(job, 'send'),
    });
    if (!span) return { job, end: () => {} };
    const { traceparent } = traceFields(span.spanContext());
    return {
      job: { ...job, traceparent },
      end(error) {
        if (error !== undefined) failSpan(span, error);
        span.end();
      },
    };
  }

  return {
    ...queue,
    addBulk(jobs) {
      if (!tracing.enabled) return queue.addBulk(jobs);
      const published = jobs.map(publishing);
      const answers = queue.addBulk(published.map(({ job }) => job));
      published.forEach(({ end }, at) => {
        answers[at]?.then(() => end(), end);
      });
      return answers;
    },
    work(handlers) {
      const observed: Partial<JobHandlers> = {};
      for (const name of Object.keys(handlers) as Job['name'][]) {
        const handler = handlers[name];
        if (handler) observed[name] = handled(name, handler);
      }
      return queue.work(observed);
    },
  };
}

function messaging(job: Job, operation: 'send' | 'process') {
  return {
    // https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/, still in development.
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    'messaging.destination.name': job.name,
    'messaging.message.id': job.eventId,
    'messaging.message.conversation_id': job.correlationId,
    [ATTRIBUTES.correlationId]: job.correlationId,
    [ATTRIBUTES.businessKey]: job.correlationId,
  };
}
