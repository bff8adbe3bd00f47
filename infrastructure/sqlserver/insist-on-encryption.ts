import { Connection, ConnectionError } from 'tedious';

interface Prelogin {
  encryptionString: string;
}

/** The part of tedious's connection that decides how a login goes out. */
interface Negotiating {
  config: { options: { encrypt: unknown } };
  performTlsNegotiation(prelogin: Prelogin, signal: AbortSignal): Promise<void>;
}

let insisting = false;

/**
 * Enforces `encrypt: true` for every connection of this process. tedious 19 logs in without encryption, with the
 * password, when the server or somebody in between answers that it has none. It has no setting against that (its
 * `connector` would lose Azure's redirects), hence this wrapper; a test that reads the traffic fails if a new release
 * does not call it any more.
 */
export function insistOnEncryption(): void {
  if (insisting) return;
  insisting = true;
  const connection = Connection.prototype as unknown as Negotiating;
  const { performTlsNegotiation } = connection;
  connection.performTlsNegotiation = async function (prelogin, signal) {
    const offered = prelogin.encryptionString === 'ON' || prelogin.encryptionString === 'REQ';
    if (this.config.options.encrypt === true && !offered) {
      throw new ConnectionError(
        'the server offers no encryption, and the password is not sent without; where that is safe, add ?encrypt=false',
        'EENCRYPT',
      );
    }
    await performTlsNegotiation.call(this, prelogin, signal);
  };
}
