/**
 * True for a row `p` of process_store_archive whose events are complete: a damaged process is kept for an operator.
 */
export const WHOLE = `p.version = (SELECT COUNT(*) FROM event_log_archive AS e
    WHERE e.correlation_id = p.correlation_id AND e.version <= p.version)
  AND NOT EXISTS (SELECT 1 FROM event_log_archive AS e
    WHERE e.correlation_id = p.correlation_id AND e.version > p.version)`;
