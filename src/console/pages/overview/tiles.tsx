import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client.ts';
import { readableCount, readableDuration } from '../../parts/time.tsx';
import { tasksWithoutWorker } from '../stuck/attention.ts';

type Attention = Schemas['Attention'];

/** The figures that say whether somebody has to act; each leads to what it counts. */
export function Tiles({ attention }: { attention: Attention }) {
  const { pending, slow, retrying, failedJobs, outbox, rollups, unreadable } = attention;
  const waiting = tasksWithoutWorker(attention);
  return (
    <ul className="tiles" aria-label="Figures">
      <Tile title="Pending" link={{ to: '/processes', search: { status: 'pending' } }}>
        {pending && readableCount(pending.count) + (pending.isWhole ? '' : '+')}
      </Tile>
      <Tile
        title="Slower than usual"
        link={{ to: '/stuck', search: { list: 'slow' } }}
        note={
          slow?.waitingForPeople
            ? `and ${readableCount(slow.waitingForPeople)} wait for people`
            : undefined
        }
        alarm={(slow?.total ?? 0) > 0}
      >
        {slow && readableCount(slow.total)}
      </Tile>
      <Tile
        title="Steps being retried"
        link={{ to: '/stuck', search: { list: 'retrying' } }}
        alarm={(retrying?.total ?? 0) > 0}
      >
        {retrying && readableCount(retrying.total)}
      </Tile>
      <Tile title="Failed jobs" link={{ to: '/failed-jobs' }} alarm={(failedJobs?.count ?? 0) > 0}>
        {failedJobs && readableCount(failedJobs.count) + (failedJobs.isWhole ? '' : '+')}
      </Tile>
      {unreadable !== null && unreadable.total > 0 && (
        <Tile title="Stand still" link={{ to: '/stuck', search: { list: 'unreadable' } }} alarm>
          {readableCount(unreadable.total)}
        </Tile>
      )}
      {waiting !== undefined && waiting > 0 && (
        <Tile title="Without a worker" link={{ to: '/stuck', search: { list: 'elsewhere' } }}>
          {readableCount(waiting)}
        </Tile>
      )}
      <Tile
        title="Events to publish"
        link={{ to: '/stuck', search: { list: 'outbox' } }}
        alarm={outbox?.isStalled}
        note={
          outbox && outbox.rows > 0 ? `oldest ${readableDuration(outbox.oldestAgeMs)}` : undefined
        }
      >
        {outbox && readableCount(outbox.rows)}
      </Tile>
      <Tile
        title="Analytics are behind"
        link={{ to: '/stuck', search: { list: 'rollups' } }}
        note={
          rollups && rollups.eventsBehind > 0
            ? `${readableCount(rollups.eventsBehind)} events`
            : undefined
        }
      >
        {rollups && (rollups.eventsBehind === 0 ? 'no' : readableDuration(rollups.behindMs))}
      </Tile>
    </ul>
  );
}

function Tile({
  title,
  children,
  note,
  alarm = false,
  link,
}: {
  title: string;
  /** Null: it could not be read. */
  children: ReactNode;
  note?: string | undefined;
  alarm?: boolean | undefined;
  /** To the list of what it counts, or to the page that explains it. */
  link: Pick<LinkProps, 'to' | 'search'>;
}) {
  const content = (
    <>
      <span className="tile-title">{title}</span>
      <strong>{children ?? '–'}</strong>
      <span className="tile-note">{children === null ? 'cannot be read now' : note}</span>
    </>
  );
  return (
    <li className={alarm ? 'tile is-alarm' : 'tile'}>
      <Link {...link}>{content}</Link>
    </li>
  );
}
