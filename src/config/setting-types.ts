import { isIP } from 'node:net';
import { z } from 'zod';
import { readRetryCycle } from '../../domain/bpmn/index.ts';
import { readCallbackHosts } from '../../domain/callbacks/index.ts';
import { nextTime } from '../../domain/outbox/index.ts';
import { readMasterKeys } from '../../domain/personal-data/index.ts';
import { redisUrlProblem } from '../../infrastructure/redis/redis-url.ts';
import { mssqlUrlProblem } from '../../infrastructure/sqlserver/target.ts';

/** The beginning of the message about a wrong number; `readConfig` adds the unit. */
export const WHOLE_NUMBER = 'must be a whole number';

export const number = (byDefault: number, min: number, max = Number.MAX_SAFE_INTEGER) => {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} on` : `${min} to ${max}`;
  const error = `${WHOLE_NUMBER} from ${range}, like ${byDefault}`;
  return z.coerce.number({ error }).int(error).min(min, error).max(max, error).default(byDefault);
};

/** Empty: not set. */
export const anyText = z.string().default('');

export const requiredText = (byDefault: string) => z.string().min(1).default(byDefault);

export const optionalUrl = (protocols: RegExp) =>
  optionalText((value) =>
    URL.canParse(value) && protocols.test(value) ? null : `must be a URL that matches ${protocols}`,
  );

/** The text of a port, 0 for a free one. */
export const optionalPort = optionalText((value) =>
  /^\d{1,5}$/.test(value) && Number(value) <= 65_535
    ? null
    : `${WHOLE_NUMBER} from 0 to 65535, like 8080`,
);

export const retryCycle = optionalText((text) =>
  text.split(',').every((interval) => readRetryCycle(interval) !== null)
    ? null
    : 'must be a retry cycle, like R3/PT10S or PT1M,PT5M',
);

export const databaseUrl = optionalText(mssqlUrlProblem);
export const redisUrl = optionalText(redisUrlProblem);
export const masterKeys = optionalText((value) => rangeProblem(() => readMasterKeys(value)));

export const callbackHosts = optionalText((value) =>
  rangeProblem(() => readCallbackHosts(value, '')),
);

/** Seconds separated by commas, fractions allowed. */
export const secondsList = z
  .string()
  .regex(/^\d+(\.\d+)?(,\d+(\.\d+)?)*$/, 'must be seconds separated by commas, like 5,300,1800');

export const cron = z.string().superRefine((value, context) => {
  const message = rangeProblem(() => nextTime(value, new Date()));
  if (message) context.addIssue({ code: 'custom', message });
});

/** The addresses that proxy-addr supports (https://github.com/jshttp/proxy-addr). */
export const proxyAddresses = optionalText((text) =>
  text.split(',').every((part) => isProxyAddress(part.trim()))
    ? null
    : 'must be addresses or networks separated by commas, `loopback`, `linklocal` or `uniquelocal`',
);

/** @param problemOf what is wrong with a text that is not empty; null when nothing is */
function optionalText(problemOf: (value: string) => string | null) {
  return anyText.superRefine((value, context) => {
    const message = value === '' ? null : problemOf(value);
    if (message) context.addIssue({ code: 'custom', message });
  });
}

function rangeProblem(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

function isProxyAddress(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits] = text.split('/');
  const longest = isIP(address) === 6 ? 128 : 32;
  return isIP(address) > 0 && (bits === undefined || (/^[1-9]\d*$/.test(bits) && +bits <= longest));
}
