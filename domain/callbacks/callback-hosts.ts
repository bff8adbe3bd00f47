/** Where callbacks may be sent to. */
export interface CallbackHosts {
  /** False: no host is allowed, and callbacks are off. */
  isOn: boolean;
  /**
   * Whether this URL may be called.
   *
   * @returns its host and port, and whether private addresses are allowed for it; or what is wrong, as the rest of a
   *   sentence about the URL
   */
  check(url: string): AllowedTarget | { wrong: string };
}

export interface AllowedTarget {
  /** Name and port, as in a `Host` header. */
  host: string;
  isPrivateAllowed: boolean;
}

interface Entry {
  protocol: string;
  /** Without the `*` of a wildcard: then it begins with a dot. */
  name: string;
  port: string;
  isPrivateAllowed: boolean;
}

const PORTS: Record<string, string> = { 'https:': '443', 'http:': '80' };
/** Characters of a URL. */
const MAX_URL = 2_000;

/**
 * Reads the two lists of allowed hosts: entries separated by commas, `host`, `host:port` or `*.example.com`, with
 * `http://` before it for a receiver without TLS. An entry without a port means the usual one.
 *
 * @param privateHosts of which the addresses may be private or loopback
 * @throws RangeError with a sentence about the first entry that is wrong
 */
export function readCallbackHosts(hosts: string, privateHosts: string): CallbackHosts {
  const entries = [...readList(hosts, false), ...readList(privateHosts, true)];
  return {
    isOn: entries.length > 0,
    check(text) {
      if (text.length > MAX_URL) return { wrong: `is longer than ${MAX_URL} characters` };
      if (!URL.canParse(text)) return { wrong: 'is not a URL' };
      const url = new URL(text);
      const { protocol, hostname } = url;
      if (!(protocol in PORTS)) return { wrong: 'must begin with https://' };
      if (url.username !== '' || url.password !== '') {
        return { wrong: 'must not hold a user name or a password; deliveries are signed' };
      }
      if (url.hash !== '') return { wrong: 'must not have a fragment' };
      if (hostname.endsWith('.')) return { wrong: 'must not have a host that ends with a dot' };
      const port = url.port || PORTS[protocol];
      const matching = entries.filter(
        (entry) =>
          entry.protocol === protocol &&
          entry.port === port &&
          (entry.name.startsWith('.') ? hostname.endsWith(entry.name) : hostname === entry.name),
      );
      if (matching.length === 0) {
        return {
          wrong: `is not allowed: ${protocol}//${hostname}:${port} is not in CALLBACK_HOSTS`,
        };
      }
      const isPrivateAllowed = matching.some((entry) => entry.isPrivateAllowed);
      return { host: `${hostname}:${port}`, isPrivateAllowed };
    },
  };
}

function readList(text: string, isPrivateAllowed: boolean): Entry[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => ({ ...readEntry(entry), isPrivateAllowed }));
}

function readEntry(entry: string): Omit<Entry, 'isPrivateAllowed'> {
  const parts = /^(http:\/\/|https:\/\/)?(\*\.)?([^*/?#@\\\s]+)$/.exec(entry);
  const [, scheme = 'https://', wildcard, host = ''] = parts ?? [];
  if (!parts || !URL.canParse(`${scheme}${host}`)) {
    throw new RangeError(
      `"${entry}" is not an allowed host: write receiver.example.com, *.example.com or http://10.0.0.5:8080`,
    );
  }
  const { protocol, hostname, port } = new URL(`${scheme}${host}`);
  if (wildcard && /^[\d.]+$|^\[/.test(hostname)) {
    throw new RangeError(`"${entry}" is not an allowed host: a wildcard needs a name behind it`);
  }
  const name = wildcard ? `.${hostname}` : hostname;
  return { protocol, name, port: port || (PORTS[protocol] ?? '') };
}
