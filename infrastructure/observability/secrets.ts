/** A shorter secret would match ordinary words. In URLs secrets of any length are masked. */
const MIN_SECRET_LENGTH = 6;
const MASK = '***';

/**
 * Collects what must never be printed: the values of variables with a secret's name, and the passwords in URLs,
 * percent-encoded and decoded.
 *
 * @param env all variables, because processes have settings of their own
 */
export function secretsIn(env: Record<string, string | undefined>): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue;
    if (isSecretName(name)) {
      secrets.add(value);
      // A list of keys, the newest first.
      if (/(DATA_KEY|CALLBACK_SECRET)$/.test(name))
        for (const key of value.split(',')) secrets.add(key.trim());
      // `name=value` pairs, such as OTEL_EXPORTER_OTLP_HEADERS.
      if (name.endsWith('HEADERS')) {
        for (const pair of value.split(',')) secrets.add(pair.slice(pair.indexOf('=') + 1).trim());
      }
    }
    if (value.includes('://')) for (const password of passwordsIn(value)) secrets.add(password);
  }
  for (const secret of [...secrets]) secrets.add(decoded(secret));
  return [...secrets].filter((secret) => secret.length >= MIN_SECRET_LENGTH);
}

/** Whether a variable with this name holds a secret. */
export function isSecretName(name: string): boolean {
  return /(PASSWORD|SECRET|TOKEN|API_KEY|PRIVATE_KEY|DATA_KEY|HEADERS)$/.test(name);
}

/** Masks the passwords in the URLs of a text, up to the last @: a password may contain an unescaped one. */
export function maskUrls(text: string): string {
  return text
    .replace(/(:\/\/[^:/?#@\s"']*):[^/?#\s"']*@/g, `$1:${MASK}@`)
    .replace(/([?&;]\w*(?:password|pwd|token|secret|api_?key)=)[^&#;\s"'\\]*/gi, `$1${MASK}`);
}

/**
 * Creates a function that masks these secrets, and the passwords in any URL: error messages of drivers quote what
 * the driver was given.
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  // Log lines contain them as JSON escapes them. The longest is replaced first: one may be part of another.
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
