import { describe, expect, it } from 'vitest';
import { readCallbackHosts } from '../../../domain/callbacks/index.ts';
import { isForbidden } from '../../../infrastructure/http/callback-addresses.ts';

describe('the allow-list of callbacks', () => {
  const hosts = readCallbackHosts(
    'receiver.example.com, *.partner.example, other.example.com:8443',
    'http://127.0.0.1:8080,http://[::1]:8080,https://inside.example.com',
  );

  it.each([
    ['https://receiver.example.com/hook?x=1', 'receiver.example.com:443', false],
    ['https://RECEIVER.example.com:443/', 'receiver.example.com:443', false],
    ['https://a.b.partner.example/', 'a.b.partner.example:443', false],
    ['https://other.example.com:8443/', 'other.example.com:8443', false],
    ['https://inside.example.com/', 'inside.example.com:443', true],
    ['http://127.0.0.1:8080/', '127.0.0.1:8080', true],
    ['http://[::1]:8080/', '[::1]:8080', true],
    // The URL parser writes every form of an address in one way.
    ['http://2130706433:8080/', '127.0.0.1:8080', true],
  ])('allows %s', (url, host, isPrivateAllowed) => {
    expect(hosts.check(url)).toEqual({ host, isPrivateAllowed });
  });

  it.each([
    ['another host', 'https://evil.example.com/'],
    ['a host that only ends like an allowed one', 'https://evilreceiver.example.com/'],
    ['the name of a wildcard itself', 'https://partner.example/'],
    ['a name that ends like the name of a wildcard', 'https://evilpartner.example/'],
    ['an allowed host as the user name', 'https://receiver.example.com@evil.example.com/'],
    ['a user name and password', 'https://user:password@receiver.example.com/'],
    ['another port', 'https://receiver.example.com:8443/'],
    ['the usual port of a host that is allowed with another', 'https://other.example.com/'],
    ['plain HTTP', 'http://receiver.example.com/'],
    ['another protocol', 'file:///etc/passwd'],
    ['a host that ends with a dot', 'https://receiver.example.com./'],
    ['a backslash before another host', 'https://evil.example.com\\@receiver.example.com/'],
    ['a fragment', 'https://receiver.example.com/#x'],
    ['a decimal address', 'https://2130706433/'],
    ['an octal address', 'https://0177.0.0.1/'],
    ['a hexadecimal address', 'https://0x7f.1/'],
    ['an IPv4-mapped address', 'http://[::ffff:127.0.0.1]:8080/'],
    ['full-width letters of another host', 'https://ｅｖｉｌ.example.com/'],
    ['no URL', 'receiver.example.com'],
    ['a very long URL', `https://receiver.example.com/${'x'.repeat(2_000)}`],
  ])('refuses %s', (_what, url) => {
    expect(hosts.check(url)).toHaveProperty('wrong');
  });

  it('is off without an entry, and refuses entries that are no hosts', () => {
    expect(readCallbackHosts('', '').isOn).toBe(false);
    for (const entry of ['*', 'a/b', 'ftp://a', '*.10.0.0.1', 'a b', 'user@a', '*.*.example.com']) {
      expect(() => readCallbackHosts(entry, ''), entry).toThrow(RangeError);
    }
  });
});

describe('the addresses that callbacks are sent to', () => {
  const NEVER = [
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '::',
    '::127.0.0.1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:1::1',
    '::ffff:169.254.169.254',
    'no address',
  ];
  const PRIVATE = [
    '127.0.0.1',
    '127.8.9.1',
    '10.0.0.1',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:0a00:0001',
  ];
  it.each(NEVER)('are never %s', (address) => {
    expect(isForbidden(address, true)).toBe(true);
    expect(isForbidden(address, false)).toBe(true);
  });
  it.each(PRIVATE)('are %s only for hosts that are listed as private', (address) => {
    expect(isForbidden(address, false)).toBe(true);
    expect(isForbidden(address, true)).toBe(false);
  });
  it.each(['93.184.215.14', '172.32.0.1', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:8.8.8.8'])(
    'may be %s',
    (address) => expect(isForbidden(address, false)).toBe(false),
  );
});
