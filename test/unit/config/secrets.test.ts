import { describe, expect, it } from 'vitest';
import { createMask, maskUrls, secretsIn } from '../../../infrastructure/observability/secrets.ts';

describe('secrets of the configuration', () => {
  it('are found in URLs and in variables whose names say so, as written and decoded', () => {
    const found = secretsIn({
      REDIS_URL: 'redis://:p%40ssword@host',
      CAMUNDA_PASSWORD: 'engine-secret',
      PARTNER_API_KEY: 'partner-secret',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=header-secret',
      PERSONAL_DATA_KEY: 'new-master-key, old-master-key',
      HOST: 'innocent',
      EMPTY_PASSWORD: '',
    });
    const expected = ['p%40ssword', 'p@ssword', 'engine-secret', 'partner-secret', 'header-secret'];
    expected.push('new-master-key', 'old-master-key');
    expect(found).toEqual(expect.arrayContaining(expected));
    expect(found).not.toContain('innocent');
  });

  it('are masked wherever they appear, also as JSON writes them', () => {
    const mask = createMask(['quoted"secret', 'secret-1', 'secret-1-longer']);
    expect(mask(JSON.stringify({ message: 'got quoted"secret' }))).toBe('{"message":"got ***"}');
    expect(mask('secret-1-longer and secret-1')).toBe('*** and ***');
  });

  it.each([
    ['redis://:pass@host:1', 'redis://:***@host:1'],
    ['mssql://sa:p@ss@host/db', 'mssql://sa:***@host/db'],
    ['from http://u:p@a/x to http://u:q@b/y', 'from http://u:***@a/x to http://u:***@b/y'],
    ['http://host/x?password=1&a=2', 'http://host/x?password=***&a=2'],
    ['http://host:80/a?b=c@d', 'http://host:80/a?b=c@d'],
    ['nothing to hide', 'nothing to hide'],
  ])('are not printed with a URL: %s', (text, masked) => {
    expect(maskUrls(text)).toBe(masked);
  });
});
