/** Shorter ones would be found in innocent words; in URLs they are masked whatever their length. */
const SHORTEST_SECRET = 6;
const MASK = '***';

/**
 * What must never be printed: the values of variables whose name says so, and the passwords in URLs, as
 * they are written there and as they are meant.
 *
 * @param env all variables, for processes have settings of their own
 */
export function secretsIn(env: Record<string, string | undefined>): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue;
    if (isSecretName(name)) {
      secrets.add(value);
      // Several, the newest first.
      if (name.endsWith('DATA_KEY')) for (const key of value.split(',')) secrets.add(key.trim());
      // `name=value` pairs, such as OTEL_EXPORTER_OTLP_HEADERS.
      if (name.endsWith('HEADERS')) {
        for (const pair of value.split(',')) secrets.add(pair.slice(pair.indexOf('=') + 1).trim());
      }
    }
    if (value.includes('://')) for (const password of passwordsIn(value)) secrets.add(password);
  }
  for (const secret of [...secrets]) secrets.add(decoded(secret));
  return [...secrets].filter((secret) => secret.length >= SHORTEST_SECRET);
}

/** Whether a variable's value is a secret, by its name. */
export function isSecretName(name: string): boolean {
  return /(PASSWORD|SECRET|TOKEN|API_KEY|PRIVATE_KEY|DATA_KEY|HEADERS)$/.test(name);
}

/** A text with the passwords in its URLs masked. Up to the last @: a password may hold one as it is. */
export function maskUrls(text: string): string {
  return text
    .replace(/(:\/\/[^:/?#@\s"']*):[^/?#\s"']*@/g, `$1:${MASK}@`)
    .replace(/([?&;]\w*(?:password|pwd|token|secret|api_?key)=)[^&#;\s"'\\]*/gi, `$1${MASK}`);
}

/**
 * Makes a function that masks these secrets, and passwords in any URL, wherever they turn up: errors of
 * drivers quote what they were given.
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  // A log line holds them as JSON writes them. The longest first: one may be part of another.
  const written = new Set(
    secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]),
  );
  const sorted = [...written].sort((a, b) => b.length - a.length);
  return (text) => {
    let masked = text.includes('://') || text.includes('=') ? maskUrls(text) : text;
    for (const secret of sorted) {
      if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
    }
    return masked;
  };
}

function passwordsIn(text: string): string[] {
  const found = [/:\/\/[^:/?#@]*:([^/?#]*)@/.exec(text)?.[1]];
  for (const match of text.matchAll(/[?&]\w*(?:password|pwd|token|secret|api_?key)=([^&#]*)/gi)) {
    found.push(match[1]);
  }
  return found.filter((one) => one !== undefined);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
