import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client.ts';
import { readableCount, readableDuration } from '../../parts/time.tsx';

type Attention = Schemas['Attention'];

/** The figures that say whether somebody has to act; each leads to what it counts. */
export function Tiles({ attention }: { attention: Attention }) {
  const { pending, slow, retrying, failedJobs, outbox, rollups } = attention;
  return (
    <ul className="tiles" aria-label="Figures">
      <Tile title="Pending" to="/processes" search={{ status: 'pending' }}>
        {pending && readableCount(pending.count) + (pending.isWhole ? '' : '+')}
      </Tile>
      <Tile
        title="Slower than usual"
        note={
          slow?.waitingForPeople
            ? `and ${readableCount(slow.waitingForPeople)} wait for people`
            : undefined
        }
        alarm={(slow?.total ?? 0) > 0}
      >
        {slow && readableCount(slow.total)}
      </Tile>
      <Tile title="Steps being retried" alarm={(retrying?.total ?? 0) > 0}>
        {retrying && readableCount(retrying.total)}
      </Tile>
      <Tile title="Failed jobs" alarm={(failedJobs?.count ?? 0) > 0}>
        {failedJobs && readableCount(failedJobs.count) + (failedJobs.isWhole ? '' : '+')}
      </Tile>
      <Tile
        title="Events to publish"
        alarm={outbox?.isStalled}
        note={
          outbox && outbox.rows > 0 ? `oldest ${readableDuration(outbox.oldestAgeMs)}` : undefined
        }
      >
        {outbox && readableCount(outbox.rows)}
      </Tile>
      <Tile
        title="Analytics are behind"
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
  to,
  search,
}: {
  title: string;
  /** Null: it could not be read. */
  children: ReactNode;
  note?: string | undefined;
  alarm?: boolean | undefined;
  to?: '/processes';
  search?: { status: string };
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
      {to ? (
        <Link to={to} search={search ?? {}}>
          {content}
        </Link>
      ) : (
        <div>{content}</div>
      )}
    </li>
  );
}
