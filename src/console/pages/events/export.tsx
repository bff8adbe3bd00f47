import { saveCsv, saveFile } from '../../charts/save-csv.ts';
import type { FeedEvent } from './live-feed.ts';

const HEAD = [
  'position',
  'createdAt',
  'type',
  'correlationId',
  'version',
  'process',
  'step',
  'attempt',
  'targetSystem',
  'httpMethod',
  'endpoint',
  'httpStatusCode',
  'executionTime',
  'result',
  'actor',
  'data',
];

/** Saves the events that are shown, in the order in which they were written. */
export function Exports({ events }: { events: readonly FeedEvent[] }) {
  const inOrder = () => events.toReversed();
  return (
    <>
      <button
        type="button"
        disabled={events.length === 0}
        title="What is shown, as a table"
        onClick={() => saveCsv('events', [HEAD, ...inOrder().map(csvRow)])}
      >
        CSV
      </button>
      <button
        type="button"
        disabled={events.length === 0}
        title="What is shown, one JSON document a line"
        onClick={() =>
          saveFile(
            'events.ndjson',
            inOrder()
              .map((event) => `${JSON.stringify(event)}\n`)
              .join(''),
            'application/x-ndjson',
          )
        }
      >
        JSON
      </button>
    </>
  );
}

function csvRow(event: FeedEvent) {
  const { position, createdAt, type, correlationId, version, processKey, step, audit } = event;
  return [
    position,
    createdAt,
    type,
    correlationId,
    version,
    processKey,
    step?.name,
    typeof event.data.attempt === 'number' ? event.data.attempt : undefined,
    audit.targetSystem,
    audit.httpMethod,
    audit.endpoint,
    audit.httpStatusCode,
    audit.executionTime,
    audit.result,
    event.actor,
    JSON.stringify(event.data),
  ];
}
