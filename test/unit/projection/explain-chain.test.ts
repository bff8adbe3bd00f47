import { describe, expect, it } from 'vitest';
import { chainHash } from '../../../infrastructure/sql/event-hash.ts';
import { explainChain, type Link } from '../../../infrastructure/sql/verify/explain-chain.ts';

const createdAt = '2026-01-02T03:04:05.000Z';

/** A sound stream. */
function streamOf(events: number): Link[] {
  const links: Link[] = [];
  for (let version = 1; version <= events; version++) {
    const content = `content ${version}`;
    const hash = chainHash(links.at(-1)?.hash ?? null, { version, createdAt, content });
    links.push({ id: String(10 + version), version, createdAt, schemaVersion: 3, content, hash });
  }
  return links;
}

/** The links with versions from 1 on, whatever they were. */
const renumbered = (links: readonly Link[]): Link[] =>
  links.map((link, at) => ({ ...link, version: at + 1 }));

const explained = (links: readonly Link[]): string[] =>
  explainChain('one', links).map(({ kind, version }) => `${kind} ${version}`);

describe('a hash chain', () => {
  it('of an untouched stream says nothing', () => {
    expect(explained(streamOf(30))).toEqual([]);
  });

  it('names every gap, and nothing behind it', () => {
    const links = streamOf(9).filter(({ version }) => ![2, 5, 6].includes(version));
    expect(explainChain('one', links)).toMatchObject([
      { kind: 'event-removed', version: 2, eventId: null, message: 'version 2 is missing' },
      { kind: 'event-removed', version: 5, message: 'version 5 to 6 are missing' },
    ]);
  });

  it('tells a copy from what was moved', () => {
    const links = streamOf(4);
    const [, second] = links;
    const copy = second && { ...second, id: '99' };
    expect(explained(renumbered([...links, ...(copy ? [copy] : [])]))).toEqual([
      'event-inserted 5',
    ]);
    const [first, ...others] = streamOf(3);
    expect(explained(renumbered([...others, ...(first ? [first] : [])]))).toEqual([
      'event-moved 1',
      'event-moved 2',
      'event-moved 3',
    ]);
  });

  it('tells an altered event by what was written behind it', () => {
    const links = streamOf(4).map((link) =>
      link.version === 2 ? { ...link, content: '!' } : link,
    );
    expect(explained(links)).toEqual(['event-altered 2']);
  });

  it('begins behind events from before there were hashes, but does not end', () => {
    const old = { createdAt, content: '', hash: null };
    const before: Link[] = [
      { ...old, id: '1', version: 1, schemaVersion: 2 },
      { ...old, id: '2', version: 2, schemaVersion: 2 },
    ];
    const hash = chainHash(null, { version: 3, createdAt, content: 'a' });
    const first: Link = { id: '3', version: 3, createdAt, schemaVersion: 3, content: 'a', hash };
    expect(explained([...before, first])).toEqual([]);
    expect(
      explained([...before, first, { ...old, id: '4', version: 4, schemaVersion: 2 }]),
    ).toEqual(['hash-missing 4']);
    expect(explained([{ ...old, id: '1', version: 1, schemaVersion: 3 }])).toEqual([
      'hash-missing 1',
    ]);
  });

  it('sees ids that do not rise', () => {
    const links = streamOf(3).map((link) => (link.version === 2 ? { ...link, id: '11' } : link));
    expect(explained(links)).toEqual(['id-order 2']);
  });
});
