import { type Log, SetupError } from '../../../domain/common/index.ts';
import { NO_TRACING, type Tracing } from '../../../infrastructure/observability/tracing.ts';
import type { Config } from '../../config.ts';

interface RunningTracing {
  tracing: Tracing;
  /** Sends the remaining spans within this time; later ones are lost. */
  stop(timeoutMs: number): Promise<void>;
}

type TracingConfig = Pick<
  Config,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_TRACES_EXPORTER' | 'OTEL_SERVICE_NAME'
>;

/**
 * Sets up OpenTelemetry when an OTLP receiver is configured; otherwise no spans are created, and the SDK is not loaded.
 * The SDK itself reads the other standard variables: sampler, headers, resource attributes, the sizes and times of
 * batches.
 *
 * @param env the standard variables of OpenTelemetry
 * @throws SetupError for settings with which nothing would be sent
 */
export async function startTracing(
  config: TracingConfig,
  log: Pick<Log, 'warn'>,
  env: Record<string, string | undefined>,
): Promise<RunningTracing> {
  const url = receiver(config, env);
  if (url === null) return { tracing: NO_TRACING, stop: async () => {} };
  const { startOtlpTracing } = await import('./otlp-tracing.ts');
  return startOtlpTracing(url, config.OTEL_SERVICE_NAME, log);
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
