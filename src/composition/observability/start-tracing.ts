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
import { inTime, type Log, SetupError } from '../../../domain/common/index.ts';
import {
  createTracing,
  NO_TRACING,
  type Tracing,
} from '../../../infrastructure/observability/tracing.ts';
import type { Config } from '../../config.ts';
import { VERSION } from '../lifecycle/version.ts';

interface RunningTracing {
  tracing: Tracing;
  /** Sends the remaining spans within this time; later ones are lost. */
  stop(timeoutMs: number): Promise<void>;
}

type TracingConfig = Pick<
  Config,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_TRACES_EXPORTER' | 'OTEL_SERVICE_NAME'
>;

/** Failed exports are logged at most at this interval. */
const WARN_INTERVAL_MS = 60_000;
/** A stop waits no longer than this for a receiver that does not answer. */
const FLUSH_TIMEOUT_MS = 3_000;

/**
 * Sets up OpenTelemetry when an OTLP receiver is configured; otherwise no spans are created. The SDK itself reads the
 * other standard variables: sampler, headers, resource attributes, the sizes and times of batches.
 *
 * @param env the standard variables of OpenTelemetry
 * @throws SetupError for settings with which nothing would be sent
 */
export function startTracing(
  config: TracingConfig,
  log: Pick<Log, 'warn'>,
  env: Record<string, string | undefined>,
): RunningTracing {
  const url = receiver(config, env);
  if (url === null) return { tracing: NO_TRACING, stop: async () => {} };
  const exporter = withWarnings(new OTLPTraceExporter({ url }), log, withoutSecrets(url));
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: config.OTEL_SERVICE_NAME,
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
    stop: (timeoutMs) =>
      inTime(provider.shutdown(), Math.min(timeoutMs, FLUSH_TIMEOUT_MS)).catch(
        // That the receiver is unavailable was logged already.
        () => {},
      ),
  };
}

/** The URL that spans are sent to, or null. */
function receiver(config: TracingConfig, env: Record<string, string | undefined>): string | null {
  if (config.OTEL_TRACES_EXPORTER === 'none' || env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') {
    return null;
  }
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!own && base === '' && config.OTEL_TRACES_EXPORTER === '') return null;
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const protocol = env[name];
    if (protocol && protocol !== 'http/protobuf') {
      throw new SetupError(`${name}: traces are sent as http/protobuf, not as ${protocol}`);
    }
  }
  if (own) {
    if (!URL.canParse(own)) {
      throw new SetupError('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be an http URL');
    }
    return own;
  }
  // The standard port of OTLP over HTTP.
  return `${(base || 'http://localhost:4318').replace(/\/+$/, '')}/v1/traces`;
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
