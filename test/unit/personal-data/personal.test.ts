import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createProcessCipher } from '../../../domain/personal-data/encryption.ts';
import { readMasterKeys } from '../../../domain/personal-data/master-keys.ts';
import { decryptEvent, encryptEvent, isEncrypted } from '../../../domain/personal-data/personal.ts';
import { MASTER, OTHER_MASTER, PERSONAL_EVENTS } from '../../support/personal.ts';

const key = randomBytes(32);
const { encrypt, decrypt } = createProcessCipher(key, 'order-1');

describe('an encrypted value', () => {
  it.each([
    ['a text', 'Ada'],
    ['an empty text', ''],
    ['null', null],
    ['a number', 0],
    ['an object', { a: [1, { b: 'ü 👋' }], $value: 1 }],
    ['a text that looks encrypted', '$personal.v1.x.y.z'],
  ])('is decrypted to what it was: %s', (_what, value) => {
    const encrypted = encrypt(value);
    expect(isEncrypted(encrypted)).toBe(true);
    expect(decrypt(encrypted)).toEqual(value);
    expect(encrypt(value), 'the same value twice looks different').not.toBe(encrypted);
  });

  it('is decrypted with its own key in its own process only', () => {
    const encrypted = encrypt('Ada');
    expect(createProcessCipher(randomBytes(32), 'order-1').decrypt(encrypted)).toBe(encrypted);
    expect(createProcessCipher(key, 'order-2').decrypt(encrypted)).toBe(encrypted);
    const parts = encrypted.split('.');
    const [first = ''] = parts[4] ?? '';
    parts[4] = `${first === 'A' ? 'B' : 'A'}${parts[4]?.slice(1)}`;
    const changed = parts.join('.');
    expect(decrypt(changed)).toBe(changed);
  });
});

describe('encrypting an event', () => {
  const { requested } = PERSONAL_EVENTS;

  it('hides what is at the paths, whichever of them lead to the same field', () => {
    for (const paths of [
      ['children', 'children.*.name'],
      ['children.*.name', 'children', 'children'],
    ]) {
      const encrypted = encryptEvent(requested, paths, encrypt);
      expect(isEncrypted(encrypted.data.variables.children)).toBe(true);
      expect(encrypted.data.variables.userId).toBe('42');
      expect(decryptEvent(encrypted, decrypt)).toEqual(requested);
    }
  });

  it('leaves an event without personal data as it is', () => {
    expect(encryptEvent(PERSONAL_EVENTS.started, [], encrypt)).toEqual(PERSONAL_EVENTS.started);
  });
});

describe('master keys', () => {
  it('wrap with the first, unwrap with each, and are named by their fingerprints', () => {
    const old = readMasterKeys(MASTER);
    const both = readMasterKeys(` ${OTHER_MASTER} , ${MASTER}`);
    const wrapped = old?.wrap(key) ?? '';
    expect(both?.unwrap(wrapped, old?.current ?? '')).toEqual(key);
    expect(both?.current).not.toBe(old?.current);
    expect(both?.known.has(old?.current ?? '')).toBe(true);
    expect(() => both?.unwrap(wrapped, both.current)).toThrow();
    expect(wrapped).not.toContain(key.toString('base64').slice(0, 8));
  });

  it('are missing when the setting is empty', () => {
    expect(readMasterKeys('')).toBeNull();
    expect(readMasterKeys('  ')).toBeNull();
  });

  it.each([
    'short',
    'x'.repeat(44),
    `${MASTER},`,
    `${MASTER} ${OTHER_MASTER}`,
    Buffer.alloc(31).toString('base64'),
  ])('are refused without being printed: %j', (setting) => {
    const refused = () => readMasterKeys(setting);
    expect(refused).toThrow('must be 32 random bytes in base64');
    expect(refused).not.toThrow(setting.slice(0, 5));
  });
});
