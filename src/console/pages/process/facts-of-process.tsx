import { Link } from '@tanstack/react-router';
import type { Process, ProcessEvent } from '../../api/client.ts';
import { Copy } from '../../parts/copy.tsx';
import { Fact, Facts } from '../../parts/facts.tsx';
import { between, readableDuration, Time } from '../../parts/time.tsx';

/** Where a process stands, and by which names other systems know it. */
export function FactsOfProcess({
  process,
  first,
}: {
  process: Process;
  /** Its first event, when the caller may read events. */
  first: ProcessEvent | undefined;
}) {
  const { processKey, currentStep, startedAt, completedAt, updatedAt, processInstanceId } = process;
  const waits = process.startAt !== undefined;
  const { identifiers, traceabilityId, ...identity } = first?.identity ?? {};
  return (
    <Facts>
      <Fact title="Process">
        <Link to="/processes" search={{ process: processKey }}>
          {processKey}
        </Link>
      </Fact>
      <Fact title="Step">{currentStep ?? '–'}</Fact>
      <Fact title={waits ? 'Starts at' : 'Started'}>
        <Time at={startedAt} exact />
      </Fact>
      <Fact title={completedAt ? 'Ended' : 'Changed'}>
        <Time at={completedAt ?? updatedAt} exact />
      </Fact>
      {!waits && (
        <Fact title={completedAt ? 'Took' : 'Runs for'}>
          {readableDuration(between(startedAt, completedAt))}
        </Fact>
      )}
      {first?.actor && <Fact title="Started by">{first.actor}</Fact>}
      {Object.entries((identifiers as object | undefined) ?? {}).map(([name, value]) => (
        <Fact key={name} title={name}>
          <IdText text={typeof value === 'string' ? value : JSON.stringify(value)} name={name} />
        </Fact>
      ))}
      <Id title="Trace id" text={traceabilityId} />
      <Id title="Batch" text={identity.batchId} />
      <Id title="Application" text={identity.applicationId} />
      <Id title="Originating system" text={identity.originatingSystem} />
      <Id title="Engine instance" text={processInstanceId ?? undefined} />
    </Facts>
  );
}

function Id({ title, text }: { title: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <Fact title={title}>
      <IdText text={text} name={title} />
    </Fact>
  );
}

function IdText({ text, name }: { text: string; name: string }) {
  return (
    <span className="id">
      {text}
      <Copy text={text} what={name} />
    </span>
  );
}
