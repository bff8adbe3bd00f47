import type { Difference } from '../../../domain/projection/index.ts';
import { chainHash, HASHED_SINCE } from '../event-hash.ts';

/** What the hash chain says of one event. */
export interface Link {
  id: string;
  version: number;
  createdAt: string;
  schemaVersion: number;
  /** Hash of its content as it is now. */
  content: string;
  hash: Buffer | null;
}

/** Where a link turns out to belong: behind the event at this place (-1: first), with this version. */
interface Origin {
  behind: number;
  version: number;
}

/** How far a moved event is looked for, in events; and by how many versions it may have been shifted. */
const NEIGHBOURS = 20;
const SHIFTS = [0, -1, 1, -2, 2, -3, 3];

/**
 * Names what is wrong with a stream whose events do not follow each other. Each link is compared with
 * the events around it: one whose hash fits somewhere else was moved there; one whose hash fits
 * nowhere was altered, or added, or lost the event before it, which the events behind it tell apart.
 */
export function explainChain(correlationId: string, links: readonly Link[]): Difference[] {
  const origins = links.map((_, at) => originOf(links, at));
  const differences: Difference[] = [];
  const say = (link: Link, kind: Difference['kind'], message: string, version = link.version) => {
    const eventId = kind === 'event-removed' ? null : link.id;
    differences.push({ kind, correlationId, version, eventId, message });
  };
  let hashed = false;
  for (const [at, link] of links.entries()) {
    const before = links[at - 1];
    const first = (before?.version ?? 0) + 1;
    const found = differences.length;
    const origin = origins[at];
    const moved = origin && origin.version !== link.version ? origin : null;
    if (link.version > first && !moved) {
      const which = link.version - first === 1 ? 'is' : `to ${link.version - 1} are`;
      say(link, 'event-removed', `version ${first} ${which} missing`, first);
    }
    if (link.hash === null) {
      if (hashed || link.schemaVersion >= HASHED_SINCE) {
        say(link, 'hash-missing', 'the event has no hash');
      }
    } else if (moved && isCopy(links, origins, at)) {
      say(link, 'event-inserted', `the event is a copy of version ${moved.version}`);
    } else if (moved) {
      say(link, 'event-moved', `the event was written as version ${moved.version}`);
    } else if (!origin && link.version <= first) {
      const [kind, message] = explainBroken(links, origins, at);
      say(link, kind, message);
    }
    hashed ||= link.hash !== null;
    if (found === differences.length && before && Number(link.id) <= Number(before.id)) {
      say(link, 'id-order', `its id is not above ${before.id}, that of the version before it`);
    }
  }
  return differences;
}

/** True when another event with this very hash is where it belongs. */
function isCopy(links: readonly Link[], origins: readonly (Origin | null)[], at: number): boolean {
  const hash = links[at]?.hash;
  return links.some(
    (link, place) =>
      place !== at &&
      hash?.equals(link.hash ?? Buffer.alloc(0)) &&
      origins[place]?.version === link.version,
  );
}

/** What became of an event that fits behind no other. */
function explainBroken(
  links: readonly Link[],
  origins: readonly (Origin | null)[],
  at: number,
): [Difference['kind'], string] {
  const link = links[at];
  const next = links[at + 1];
  if (link && next?.hash && fits(next, next.version, hashAgain(links, at))) {
    return ['hash-altered', 'its hash is not what the next event was written behind'];
  }
  const follower = origins.find((origin) => origin?.behind === at);
  if (follower) {
    // What follows it was written behind this very hash.
    const shifted = link && follower.version !== link.version + 1;
    return shifted
      ? ['event-removed', 'events before it were removed, and the rest was given new versions']
      : ['event-altered', 'its content does not fit its hash, which the next event confirms'];
  }
  const origin = origins[at + 1];
  if (next && origin && origin.behind < at) {
    return ['event-inserted', 'the next event was written without it'];
  }
  return next
    ? ['event-altered', 'its content does not fit its hash']
    : ['event-altered', 'its content does not fit its hash; it was altered, or added at the end'];
}

/** Finds what a link was written behind, beginning with the event before it; null when nothing fits. */
function originOf(links: readonly Link[], at: number): Origin | null {
  const link = links[at];
  if (!link?.hash) return null;
  for (const behind of placesAround(at, links.length)) {
    const before = links[behind];
    if (behind >= 0 && !before) continue;
    const versions = new Set(SHIFTS.map((shift) => link.version + shift));
    if (before) versions.add(before.version + 1);
    for (const version of versions) {
      if (fits(link, version, before?.hash ?? null)) return { behind, version };
    }
  }
  // The event before it may be the one whose hash was changed.
  return fits(link, link.version, hashAgain(links, at - 1))
    ? { behind: at - 1, version: link.version }
    : null;
}

/** Places of events from the one before `at` outwards; -1 is the beginning. */
function placesAround(at: number, length: number): number[] {
  const places = [at - 1];
  for (let distance = 1; distance <= NEIGHBOURS; distance++) {
    if (at - 1 - distance >= -1) places.push(at - 1 - distance);
    if (at + distance < length) places.push(at + distance);
  }
  return places.includes(-1) ? places : [...places, -1];
}

/** The hash that an event should have, by the one before it. */
function hashAgain(links: readonly Link[], at: number): Buffer | null {
  const link = links[at];
  return link ? chainHash(links[at - 1]?.hash ?? null, link) : null;
}

function fits(link: Link, version: number, previous: Buffer | null): boolean {
  return link.hash !== null && chainHash(previous, { ...link, version }).equals(link.hash);
}
