import { useState } from 'react';
import type { ProcessEvent } from '../../api/client.ts';
import { Fact } from '../../parts/facts.tsx';
import { Json } from '../../parts/json.tsx';
import { readableDuration, Time } from '../../parts/time.tsx';
import { type Attempt, attemptsOf, spanOf } from './attempts.ts';

/** One bar for each attempt at a step, to scale; a chosen one shows what went in and came out. */
export function Timeline({
  events,
  isPending,
}: {
  events: readonly ProcessEvent[];
  isPending: boolean;
}) {
  const [shown, setShown] = useState<number | null>(null);
  const attempts = attemptsOf(events);
  if (attempts.length === 0) {
    return <p className="body muted">No step has ended yet.</p>;
  }
  const span = spanOf(events, attempts, isPending ? Date.now() : null);
  const names = [...new Set(attempts.map(({ step }) => step))];
  return (
    <div className="timeline">
      <p className="timeline-scale" aria-hidden="true">
        <span>0</span>
        <span>{readableDuration((span.to - span.from) / 2)}</span>
        <span>{readableDuration(span.to - span.from)}</span>
      </p>
      <ol>
        {names.map((name) => (
          <li key={name}>
            <Row
              name={name}
              attempts={attempts.filter(({ step }) => step === name)}
              span={span}
              shown={shown}
              onShow={setShown}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}

function Row({
  name,
  attempts,
  span,
  shown,
  onShow,
}: {
  name: string;
  attempts: readonly Attempt[];
  span: { from: number; to: number };
  shown: number | null;
  onShow: (version: number | null) => void;
}) {
  const open = attempts.find(({ version }) => version === shown);
  return (
    <>
      <div className="timeline-row">
        <span className="timeline-name">{name}</span>
        <div className="timeline-bars">
          {attempts.map((attempt) => (
            <Bar
              key={attempt.version}
              attempt={attempt}
              span={span}
              isShown={attempt.version === shown}
              onShow={onShow}
            />
          ))}
        </div>
      </div>
      {open && <AttemptDetails attempt={open} />}
    </>
  );
}

function Bar({
  attempt,
  span,
  isShown,
  onShow,
}: {
  attempt: Attempt;
  span: { from: number; to: number };
  isShown: boolean;
  onShow: (version: number | null) => void;
}) {
  const { version, from, to, waitMs, outcome, step, attempt: number } = attempt;
  const share = (ms: number): string => `${(ms / (span.to - span.from)) * 100}%`;
  const took = readableDuration(to - from);
  const word = { ok: 'completed', error: 'failed', cancelled: 'cancelled' }[outcome];
  return (
    <>
      {waitMs > 0 && (
        <span
          className="timeline-wait"
          style={{ left: share(to - span.from), width: share(waitMs) }}
          title={`waits ${readableDuration(waitMs)} for the next attempt`}
        />
      )}
      <button
        type="button"
        className={`timeline-bar ${outcome}`}
        style={{ left: share(from - span.from), width: share(to - from) }}
        aria-expanded={isShown}
        aria-label={`${step}, attempt ${number}: ${word} in ${took}`}
        title={`Attempt ${number}: ${word} in ${took}`}
        onClick={() => onShow(isShown ? null : version)}
      />
    </>
  );
}

function AttemptDetails({ attempt }: { attempt: Attempt }) {
  const { event, outcome, waitMs } = attempt;
  const { audit, data } = event;
  return (
    <div className="attempt">
      <dl className="facts">
        <Fact title="Attempt">{attempt.attempt}</Fact>
        <Fact title="Ended">
          <Time at={event.createdAt} exact />
        </Fact>
        <Fact title="Took">{readableDuration(attempt.to - attempt.from)}</Fact>
        {audit.httpMethod && (
          <Fact title="Call">
            <code>
              {audit.httpMethod} {audit.endpoint}
            </code>{' '}
            {audit.httpStatusCode !== undefined && `→ ${audit.httpStatusCode}`}
          </Fact>
        )}
        {audit.targetSystem && <Fact title="System">{audit.targetSystem}</Fact>}
        {outcome !== 'ok' && (
          <Fact title="Error">
            <code>{String(data.code)}</code> {String(data.message)}
          </Fact>
        )}
        {waitMs > 0 && <Fact title="Next attempt after">{readableDuration(waitMs)}</Fact>}
        {outcome === 'error' && <Fact title="Retries left">{String(data.retriesLeft)}</Fact>}
      </dl>
      <div className="columns">
        <Json title="Input" value={data.input} />
        {outcome === 'ok' && <Json title="Output" value={data.output} />}
      </div>
    </div>
  );
}
