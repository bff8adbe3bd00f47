import type { FastifyBaseLogger } from 'fastify';
import type { Bindings, ChildLoggerOptions, Logger } from 'pino';

/** A child logger that is made when it is first used. */
interface Lazy {
  parent: FastifyBaseLogger;
  bindings: Bindings;
  options: ChildLoggerOptions;
  made: (FastifyBaseLogger & Partial<Pick<Logger, 'setBindings'>>) | undefined;
}

function madeOf(lazy: Lazy): NonNullable<Lazy['made']> {
  lazy.made ??= lazy.parent.child(lazy.bindings, lazy.options);
  return lazy.made;
}

const METHODS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent', 'child'] as const;

/** What all of them share: each method makes the child, and calls its own. */
const prototype = {
  get level(): string {
    return madeOf(this as unknown as Lazy).level;
  },
  set level(level: string) {
    madeOf(this as unknown as Lazy).level = level;
  },
  setBindings(this: Lazy, bindings: Bindings): void {
    if (this.made?.setBindings) this.made.setBindings(bindings);
    else if (this.made) this.made = this.made.child(bindings);
    else this.bindings = { ...this.bindings, ...bindings };
  },
};
for (const method of METHODS) {
  Object.defineProperty(prototype, method, {
    value(this: Lazy, ...args: unknown[]): unknown {
      return (madeOf(this)[method] as (...args: unknown[]) => unknown)(...args);
    },
  });
}

/**
 * The logger of a request. Most requests log nothing, and a child logger of pino copies bindings, redaction and
 * serializers.
 */
export function lazyChildLogger(
  parent: FastifyBaseLogger,
  bindings: Bindings,
  options: ChildLoggerOptions,
): FastifyBaseLogger {
  const lazy: Lazy = Object.assign(Object.create(prototype), {
    ...{ parent, bindings, options },
    made: undefined,
  });
  // The prototype has the methods.
  return lazy as unknown as FastifyBaseLogger;
}
