/**
 * Statements that set `@hash0`, `@hash1`, … to the hashes of the events that are being appended, as
 * `chainHash` in `event-hash.ts` makes them, from `@previous`, `@version`, `@at` and the parameters
 * `@content0`, `@content1`, …
 */
export function chainHashes(events: number): string {
  const steps = Array.from({ length: events }, (_, at) => {
    const previous = at === 0 ? '@previous' : `@hash${at - 1}`;
    return `DECLARE @hash${at} VARBINARY(32) = HASHBYTES('SHA2_256', CAST(CONCAT(
  ${decimal(previous)}, ':', @version + ${at + 1}, ':', @epoch, ':', @content${at}) AS VARCHAR(300)));`;
  });
  return `DECLARE @epoch BIGINT = DATEDIFF_BIG(millisecond, '1970-01-01', @at);\n${steps.join('\n')}`;
}

/** A hash as the text that is part of the next one; an empty text for NULL. */
function decimal(hash: string): string {
  const parts = [1, 9, 17, 25].map((at) => `CAST(SUBSTRING(${hash}, ${at}, 8) AS BIGINT)`);
  return `CASE WHEN ${hash} IS NULL THEN '' ELSE CONCAT(${parts.join(", '.', ")}) END`;
}
