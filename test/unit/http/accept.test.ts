import { describe, expect, it } from 'vitest';
import { preferred } from '../../../src/http/answers/representations.ts';

const AVAILABLE = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
  stream: 'text/event-stream; charset=utf-8',
};

describe('the representation that an Accept header prefers', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
    ['TEXT/EVENT-STREAM', 'stream'],
    ['text/event-stream;q=0', null],
    ['text/event-stream;q=0, */*;q=0.1', 'json'],
    ['application/json;q=0, */*', 'csv'],
    ['application/json;q=0.2, text/event-stream;q=0.3', 'stream'],
    ['application/json, text/csv', 'json'],
    ['text/csv, application/json', 'csv'],
    ['text/*', 'csv'],
    ['text/*, text/csv;q=0', 'stream'],
    ['application/*;q=0.5, text/event-stream;q=0.4', 'json'],
    ['text/csv; header=present, */*;q=0.1', 'csv'],
    ['text/csv;header=absent', null],
    ['application/json;charset=UTF-8', 'json'],
    ['Application/Vnd.Apache.Parquet', 'parquet'],
    ['application/xml', null],
    ['text/event-streams', null],
    ['application/x-text/event-stream', null],
    ['text/plain;note="text/event-stream"', null],
    ['*/*;q=0', null],
  ] as const)('is for %s: %s', (accept, wanted) => {
    expect(preferred(accept, AVAILABLE)).toBe(wanted);
  });
});
