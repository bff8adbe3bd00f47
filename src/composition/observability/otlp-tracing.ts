import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { inTime, type Log } from '../../../domain/common/index.ts';
import { createTracing } from '../../../infrastructure/observability/tracing.ts';
import { VERSION } from '../lifecycle/version.ts';

/** Failed exports are logged at most at this interval. */
const WARN_INTERVAL_MS = 60_000;
/** A stop waits no longer than this for a receiver that does not answer. */
const FLUSH_TIMEOUT_MS = 3_000;

/** Sends spans to the OTLP receiver at `url`. */
export function startOtlpTracing(url: string, serviceName: string, log: Pick<Log, 'warn'>) {
  const exporter = withWarnings(new OTLPTraceExporter({ url }), log, withoutSecrets(url));
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: serviceName,
          [ATTR_SERVICE_VERSION]: VERSION,
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  // For the context that steps run in, and for spans that handlers create. A second service in the same process
  // keeps the registration of the first: the context is the same, and each has its own tracer.
  provider.register();
  return {
    tracing: createTracing(provider.getTracer('fastify-camunda', VERSION)),
    stop: (timeoutMs: number) =>
      inTime(provider.shutdown(), Math.min(timeoutMs, FLUSH_TIMEOUT_MS)).catch(
        // That the receiver is unavailable was logged already.
        () => {},
      ),
  };
}

/** Logs failed exports, at most once a minute; only spans are lost. */
function withWarnings(exporter: SpanExporter, log: Pick<Log, 'warn'>, url: string): SpanExporter {
  let quietUntil = 0;
  let failures = 0;
  return {
    export(spans, answer) {
      exporter.export(spans, (result) => {
        if (result.code !== 0) {
          failures++;
          const now = performance.now();
          if (now >= quietUntil) {
            quietUntil = now + WARN_INTERVAL_MS;
            const error = result.error?.message ?? 'no reason given';
            log.warn({ url, error, failures }, 'traces: the receiver did not accept spans');
          }
        }
        answer(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

function withoutSecrets(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}
