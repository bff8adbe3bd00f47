import pino, { type Logger } from 'pino';
import { describe, expect, it } from 'vitest';
import { lazyChildLogger } from '../../../src/http/requests/lazy-child-logger.ts';

describe('the logger of a request', () => {
  const open = () => {
    const lines: Record<string, unknown>[] = [];
    let children = 0;
    const parent = pino(
      { base: null, level: 'info', onChild: () => children++, redact: ['password'] },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    );
    const log = lazyChildLogger(parent, { reqId: 'req-1' }, {}) as Logger;
    return { log, lines, children: () => children };
  };

  it('is made when it logs for the first time, and only once', () => {
    const { log, children } = open();
    log.setBindings({ caller: 'ada' });
    expect(children()).toBe(0);
    log.info('one');
    log.warn('two');
    expect(children()).toBe(1);
  });

  it('logs what pino’s own child would: bindings of before and after, levels, masked fields', () => {
    const { log, lines } = open();
    log.setBindings({ caller: 'ada' });
    log.error({ password: 'secret' }, 'one');
    log.debug('not at this level');
    log.setBindings({ more: 1 });
    log.level = 'debug';
    expect(log.level).toBe('debug');
    log.debug('two');
    log.child({ inner: true }).info('three');
    const ids = { reqId: 'req-1', caller: 'ada' };
    expect(lines).toMatchObject([
      { ...ids, level: 50, msg: 'one', password: '[Redacted]' },
      { ...ids, more: 1, level: 20, msg: 'two' },
      { ...ids, more: 1, inner: true, level: 30, msg: 'three' },
    ]);
  });
});
