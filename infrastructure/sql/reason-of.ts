/** Why a statement failed, without the statement and its values, which Knex puts before the words of the driver. */
export function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const at = message.lastIndexOf(' - ');
  return at < 0 ? message : message.slice(at + ' - '.length);
}
