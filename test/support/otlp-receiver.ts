import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  /** Empty for a root span. */
  parentSpanId: string;
  traceState: string;
  /** The numbers of OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  attributes: Record<string, string | number | boolean | undefined>;
  /** Names of the span's events, for instance `exception`. */
  events: string[];
  /** 0 unset, 1 ok, 2 error. */
  status: number;
  /** Attributes of the resource. */
  resource: Record<string, unknown>;
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** All spans so far, in the order of their arrival. */
  spans: ReceivedSpan[];
  /** The raw bodies of all requests, including what `spans` leaves out. */
  sent(): string;
  /** Headers of the requests. */
  headers: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** An OTLP/HTTP receiver of traces; see opentelemetry-proto, trace/v1/trace.proto, for the fields. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (request.method !== 'POST' || request.url !== '/v1/traces') {
      response.writeHead(404).end();
      return;
    }
    headers.push(request.headers);
    const zipped = request.headers['content-encoding'] === 'gzip';
    const plain = zipped ? gunzipSync(body) : body;
    bodies.push(plain);
    spans.push(...readRequest(plain));
    // An empty ExportTraceServiceResponse.
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    sent: () => Buffer.concat(bodies).toString('latin1'),
    headers,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readRequest(body: Buffer): ReceivedSpan[] {
  return all(fields(body), 1).flatMap((resourceSpans) => {
    const parts = fields(resourceSpans);
    const resource = readAttributes(fields(one(parts, 1)), 1);
    return all(parts, 2).flatMap((scopeSpans) =>
      all(fields(scopeSpans), 2).map((span) => ({ ...readSpan(span), resource })),
    );
  });
}

function readSpan(body: Buffer): Omit<ReceivedSpan, 'resource'> {
  const parts = fields(body);
  return {
    traceId: one(parts, 1).toString('hex'),
    spanId: one(parts, 2).toString('hex'),
    traceState: one(parts, 3).toString(),
    parentSpanId: one(parts, 4).toString('hex'),
    name: one(parts, 5).toString(),
    kind: number(parts, 6),
    attributes: readAttributes(parts, 9),
    events: all(parts, 11).map((event) => textOf(fields(event), 2)),
    status: number(fields(one(parts, 15)), 3),
  };
}

function readAttributes(parts: readonly Field[], at: number): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    all(parts, at).map((pair) => {
      const both = fields(pair);
      return [textOf(both, 1), readValue(fields(one(both, 2)))];
    }),
  );
}

function readValue(parts: readonly Field[]): string | number | boolean | undefined {
  const [field] = parts;
  if (!field) return undefined;
  if (field.at === 1) return field.bytes.toString();
  if (field.at === 2) return field.value === 1n;
  return field.at === 3 ? Number(field.value) : undefined;
}

function all(parts: readonly Field[], at: number): Buffer[] {
  return parts.filter((field) => field.at === at).map(({ bytes }) => bytes);
}

function one(parts: readonly Field[], at: number): Buffer {
  return all(parts, at)[0] ?? Buffer.alloc(0);
}

function number(parts: readonly Field[], at: number): number {
  return Number(parts.find((field) => field.at === at)?.value ?? 0);
}

/** A field of a protobuf message: its number, and its content by wire type. */
export interface Field {
  at: number;
  /** The content of a varint. */
  value: bigint;
  /** The content of a message, text or fixed number. */
  bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** The fields of a message (https://protobuf.dev/programming-guides/encoding/). */
export function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  function take(length: number): Buffer {
    at += length;
    return message.subarray(at - length, at);
  }
  while (at < message.length) {
    const tag = Number(varint());
    const field = { at: tag >> 3, value: 0n, bytes: NOTHING };
    switch (tag & 7) {
      case 0:
        found.push({ ...field, value: varint() });
        break;
      case 1:
        found.push({ ...field, bytes: take(8) });
        break;
      case 2:
        found.push({ ...field, bytes: take(Number(varint())) });
        break;
      case 5:
        found.push({ ...field, bytes: take(4) });
        break;
      default:
        throw new Error(`invalid protobuf: wire type ${tag & 7}`);
    }
  }
  return found;
}

/** The text of a field; empty when the message does not have it. */
export function textOf(message: readonly Field[], at: number): string {
  return message.find((field) => field.at === at)?.bytes.toString() ?? '';
}
