import type { ProcessEvent } from '../../api/client.ts';
import { Fact } from '../../parts/facts.tsx';
import { Json } from '../../parts/json.tsx';
import { readableDuration, Time } from '../../parts/time.tsx';
import { type Attempt, attemptsOf, spanOf } from './attempts.ts';

/** One bar for each attempt at a step, to scale; a chosen one shows what went in and came out. */
export function Timeline({
  events,
  isPending,
  shown,
  onShow,
}: {
  events: readonly ProcessEvent[];
  isPending: boolean;
  /** The version of the event whose attempt is open. */
  shown: number | null;
  onShow: (version: number | null) => void;
}) {
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
              onShow={onShow}
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
  const toggle = (version: number) => onShow(version === shown ? null : version);
  return (
    <>
      <div className="timeline-row">
        <div className="timeline-name">
          <span title={name}>{name}</span>
          {attempts.map((attempt) => (
            <button
              key={attempt.version}
              type="button"
              className={`attempt-number ${attempt.outcome}`}
              aria-expanded={attempt.version === shown}
              aria-label={`${name}, ${describe(attempt)}`}
              title={describe(attempt)}
              onClick={() => toggle(attempt.version)}
            >
              {attempt.attempt}
            </button>
          ))}
        </div>
        <div className="timeline-bars" aria-hidden="true">
          {attempts.map((attempt) => (
            <Bar
              key={attempt.version}
              attempt={attempt}
              span={span}
              isShown={attempt.version === shown}
              onToggle={toggle}
            />
          ))}
        </div>
      </div>
      {open && <AttemptDetails attempt={open} />}
    </>
  );
}

const OUTCOMES = { ok: 'completed', error: 'failed', cancelled: 'cancelled' } as const;

const describe = ({ attempt, outcome, from, to }: Attempt): string =>
  `attempt ${attempt}: ${OUTCOMES[outcome]} in ${readableDuration(to - from)}`;

/** An attempt to scale: often only some pixels wide, so the numbers beside it are what a keyboard reaches. */
function Bar({
  attempt,
  span,
  isShown,
  onToggle,
}: {
  attempt: Attempt;
  span: { from: number; to: number };
  isShown: boolean;
  onToggle: (version: number) => void;
}) {
  const { version, from, to, waitMs, outcome } = attempt;
  const share = (ms: number): string => `${(ms / (span.to - span.from)) * 100}%`;
  return (
    <>
      {waitMs > 0 && (
        <span
          className="timeline-wait"
          style={{ left: share(to - span.from), width: share(waitMs) }}
          title={`waits ${readableDuration(waitMs)} for the next attempt`}
        />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: for a mouse; there is a button for it */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: for a mouse; there is a button for it */}
      <span
        className={`timeline-bar ${outcome} ${isShown ? 'is-shown' : ''}`}
        style={{ left: share(from - span.from), width: share(to - from) }}
        title={describe(attempt)}
        onClick={() => onToggle(version)}
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
