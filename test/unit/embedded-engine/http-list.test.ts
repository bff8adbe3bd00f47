import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Values } from '../../../domain/bpmn/index.ts';
import type { Page } from '../../../infrastructure/embedded-engine/engine-api.ts';
import {
  dateConditions,
  holds,
  is,
  isBefore,
  isIn,
  isLike,
  passedOn,
  withVariables,
} from '../../../infrastructure/embedded-engine/http-filters.ts';
import { registerList } from '../../../infrastructure/embedded-engine/http-list.ts';
import { BadRequest } from '../../../infrastructure/embedded-engine/typed-value.ts';

interface Row {
  id: string;
  name: string | null;
  due: number | null;
  variables: Values;
}

const day = (date: number) => Date.UTC(2026, 10, date);
const ROWS: Row[] = [
  { id: '1', name: 'order', due: day(1), variables: { amount: { type: 'Integer', value: 5 } } },
  { id: '2', name: null, due: null, variables: { a_b: { type: 'String', value: '5' } } },
  { id: '3', name: 'order_2', due: day(3), variables: { ok: { type: 'Boolean', value: true } } },
  { id: '4', name: 'other', due: day(2), variables: {} },
];

function server() {
  const pages: (Page | undefined)[] = [];
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => {
    const isWrong = error instanceof z.ZodError || error instanceof BadRequest;
    return reply.code(isWrong ? 400 : 500).send(String(error));
  });
  registerList(app, {
    path: '/rows',
    byPost: true,
    order: 'id',
    filters: {
      id: is<Row>(({ id }) => id),
      idIn: isIn<Row>(({ id }) => id),
      nameLike: isLike<Row>(({ name }) => name),
      named: holds<Row>(({ name }) => name !== null),
      dueBefore: isBefore<Row>(({ due }) => due),
      dueDates: dateConditions<Row>(({ due }) => due),
      variables: withVariables<Row>(({ variables }) => variables),
      first: passedOn.text,
    },
    sortKeys: { id: ({ id }) => id, name: ({ name }) => name, due: ({ due }) => due },
    find({ first }, page) {
      pages.push(page);
      const { firstResult = 0, maxResults = ROWS.length } = page ?? {};
      const found =
        first === undefined ? ROWS : ROWS.slice(ROWS.findIndex(({ id }) => id === first));
      return found.slice(firstResult, firstResult + maxResults);
    },
    view: ({ id }: Row) => id,
  });
  const answer = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const { statusCode, body } = await app.inject({ method, url, ...(payload && { payload }) });
    return statusCode === 200 ? JSON.parse(body) : statusCode;
  };
  return {
    pages,
    get: (query: string) => answer('GET', `/rows${query}`),
    post: (body: object, query = '') => answer('POST', `/rows${query}`, body),
  };
}

describe('a list of the REST facade', () => {
  it.each([
    ['', ['1', '2', '3', '4']],
    ['?id=3', ['3']],
    ['?idIn=3,1', ['1', '3']],
    ['?nameLike=order%25', ['1', '3']],
    ['?nameLike=order_2', ['3']],
    ['?named=true', ['1', '3', '4']],
    ['?named=false', ['1', '2', '3', '4']],
    ['?dueBefore=2026-11-03T00:00:00.000%2B0000', ['1', '4']],
    ['?dueDates=gt_2026-11-01T00:00:00.000Z,lt_2026-11-03T00:00:00.000Z', ['4']],
    // Values are texts, as in Camunda.
    ['?variables=amount_eq_5', []],
    ['?variables=a_b_gteq_5', ['2']],
    ['?variables=a_b_gt_5', []],
    ['?variables=a_b_eq_5', ['2']],
    ['?variables=ok_eq_true', []],
    ['?variables=ok_neq_true', ['3']],
    ['?variables=constructor_neq_5', []],
    ['?sortBy=name&sortOrder=asc', ['2', '1', '3', '4']],
    ['?sortBy=due&sortOrder=desc', ['3', '4', '1', '2']],
    ['?sortBy=due&sortOrder=desc&firstResult=1&maxResults=2', ['4', '1']],
  ])('answers GET %s with %j', async (query, expected) => {
    expect(await server().get(query)).toEqual(expected);
  });

  it.each([
    [{}, ['1', '2', '3', '4']],
    [{ idIn: ['4', '1'], id: null }, ['1', '4']],
    [{ idIn: [] }, ['1', '2', '3', '4']],
    [{ variables: [{ name: 'amount', operator: 'lt', value: 6 }] }, ['1']],
    [{ variables: [{ name: 'amount', operator: 'eq', value: '5' }] }, []],
    [{ variables: [{ name: 'a_b', operator: 'eq', value: 5 }] }, []],
    [{ variables: [{ name: 'ok', operator: 'eq', value: true }] }, ['3']],
    [{ dueDates: [{ operator: 'lt', value: '2026-11-02T00:00:00.000+0000' }] }, ['1']],
    [{ sorting: [{ sortBy: 'due', sortOrder: 'asc' }] }, ['2', '1', '4', '3']],
  ])('answers POST %j with %j', async (body, expected) => {
    expect(await server().post(body)).toEqual(expected);
  });

  it.each([
    '?other=1',
    '?named=perhaps',
    '?dueBefore=soon',
    '?variables=amount',
    '?variables=amount_eq_',
    '?sortBy=colour&sortOrder=asc',
    '?sortBy=id',
    '?maxResults=-1',
    '?dueDates=eq_2026-11-01T00:00:00.000Z',
  ])('refuses %s, which it does not know', async (query) => {
    expect(await server().get(query)).toBe(400);
  });

  it('refuses a body with a filter that it does not know', async () => {
    expect(await server().post({ other: 1 })).toBe(400);
  });

  it('counts what it would answer without pages', async () => {
    expect(await server().get('/count?named=true')).toEqual({ count: 3 });
  });

  it('leaves the page to the engine when that applies all filters and sorts likewise', async () => {
    const { get, pages } = server();
    expect(await get('?first=2&sortBy=id&sortOrder=asc&firstResult=1&maxResults=1')).toEqual(['3']);
    expect(pages).toEqual([{ firstResult: 1, maxResults: 1 }]);
  });

  it('takes the page itself out of what it has filtered or sorted', async () => {
    const { get, pages } = server();
    expect(await get('?first=2&named=true&maxResults=1')).toEqual(['3']);
    expect(await get('?sortBy=id&sortOrder=desc&maxResults=1')).toEqual(['4']);
    expect(pages).toEqual([undefined, undefined]);
  });
});
