import type { OpenAPIV3_1 } from 'openapi-types';

type Headers = Record<string, OpenAPIV3_1.HeaderObject>;

const string = { type: 'string' } as const;
const seconds = { type: 'string', pattern: '^[0-9]+$' } as const;

const LOCATION = {
  description: 'URL of the status of the process',
  required: true,
  schema: string,
};
const LOCATION_OF_RUN = { ...LOCATION, description: 'URL that says how far the run is' };
const RETRY_AFTER = { description: 'Seconds to wait before the next request', schema: seconds };
const ETAG = { description: 'Names this state; send it as If-None-Match', schema: string };
const PREFERENCE = { description: 'The part of `Prefer` that was applied', schema: string };
const CHALLENGE = { description: 'How to authenticate', schema: string };
const DISPOSITION = { description: 'For an export: a name for the file', schema: string };

/** Adds the headers that callers need to each answer, by its status and content. */
export function withAnswerHeaders(operation: OpenAPIV3_1.OperationObject): void {
  const prefers = operation.parameters?.some((one) => 'name' in one && one.name === 'prefer');
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    if ('$ref' in answer) continue;
    const headers = {
      ...headersOf(status, answer.content ?? {}),
      ...(prefers ? { 'Preference-Applied': PREFERENCE } : {}),
    };
    if (Object.keys(headers).length > 0) answer.headers = headers;
  }
}

function headersOf(status: string, content: object): Headers {
  const text = JSON.stringify(content);
  const isState = text.includes('"#/components/schemas/Process"');
  switch (status) {
    case '202':
      if (text.includes('"#/components/schemas/BulkRun"')) return { Location: LOCATION_OF_RUN };
      if (!isState && !text.includes('"#/components/schemas/Pending"')) return {};
      return {
        Location: LOCATION,
        'Retry-After': { ...RETRY_AFTER, required: true },
        ...(isState ? { ETag: { ...ETAG, required: true } } : {}),
      };
    case '200':
      return {
        ...(isState && !text.includes('"nextCursor"') ? { ETag: ETAG } : {}),
        ...('application/xml' in content ? { ETag: { ...ETAG, required: true } } : {}),
        ...('text/csv' in content ? { 'Content-Disposition': DISPOSITION } : {}),
      };
    case '304':
      return { ETag: { ...ETAG, required: true } };
    case '401':
      return { 'WWW-Authenticate': { ...CHALLENGE, required: true } };
    case '403':
      return { 'WWW-Authenticate': CHALLENGE };
    case '415':
      return { 'Accept-Encoding': { description: 'Supported encodings', schema: string } };
    case '429':
      return { 'Retry-After': { ...RETRY_AFTER, required: true } };
    case '503':
      return { 'Retry-After': RETRY_AFTER };
    default:
      return {};
  }
}
