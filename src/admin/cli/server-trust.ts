import type { Terminal, TlsServer, UserFiles } from '#io';
import { hostAndPortText, type HostAndPort } from './endpoint.ts';
import { CliError, ExitCode } from './exit-code.ts';
import { knownServerLine, parseKnownServers } from './known-servers.ts';

const MAX_FILE_BYTES = 1024 * 1024;

export interface TrustSettings {
  /** Believe whoever answers. */
  readonly isInsecure: boolean;
  /** The one certificate to believe, whatever authorities say. */
  readonly fingerprint: string | undefined;
  readonly knownServersPath: string;
}

const untrusted = (message: string): CliError => new CliError('UNTRUSTED', ExitCode.unreachable, message);

/**
 * Decides whether a server may be given a password: its certificate is verified by an authority, or is the one named,
 * or has been accepted before. Otherwise a person is asked, and a script is refused.
 */
export class ServerTrust {
  readonly #files: UserFiles;
  readonly #terminal: Terminal;
  readonly #settings: TrustSettings;
  /** Accepted in this run, though perhaps not written down. */
  #accepted: string | undefined;

  constructor(files: UserFiles, terminal: Terminal, settings: TrustSettings) {
    this.#files = files;
    this.#terminal = terminal;
    this.#settings = settings;
  }

  /** Errors: `CliError` with the reason and what to do. */
  async judge(endpoint: HostAndPort, server: TlsServer): Promise<void> {
    const { isInsecure, fingerprint } = this.#settings;
    if (isInsecure || server.fingerprint === this.#accepted) return;
    const name = hostAndPortText(endpoint);
    if (fingerprint !== undefined) {
      if (fingerprint === server.fingerprint) return;
      throw untrusted(
        `${name} shows the certificate sha256:${server.fingerprint}, not the one given with --fingerprint`,
      );
    }
    if (server.isVerified) return;
    const known = (await this.#readKnown()).get(name);
    if (known === server.fingerprint) return;
    if (known !== undefined) throw this.#changed(name, known, server);
    if (!this.#terminal.isInteractive) throw unknown(name, server);
    await this.#askAbout(name, server);
  }

  async #readKnown(): Promise<ReadonlyMap<string, string>> {
    const path = this.#settings.knownServersPath;
    if ((await this.#files.kindOf(path)) === undefined) return new Map();
    return parseKnownServers((await this.#files.read(path, MAX_FILE_BYTES)).toString('utf8')).fingerprints;
  }

  async #askAbout(name: string, server: TlsServer): Promise<void> {
    const question = [
      `The certificate of ${name} cannot be verified: ${server.problem}.`,
      `  common name: ${server.commonName}`,
      `  fingerprint: sha256:${server.fingerprint}`,
      'Compare the fingerprint with what the server shows at its start. Trust it from now on? (yes/no): ',
    ].join('\n');
    const answer = await this.#terminal.readLine(question);
    if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw untrusted(`the certificate of ${name} was not accepted`);
    this.#accepted = server.fingerprint;
    const path = this.#settings.knownServersPath;
    const before = (await this.#files.kindOf(path)) === undefined ? '' : await this.#files.read(path, MAX_FILE_BYTES);
    await this.#files.write(path, `${before.toString()}${knownServerLine(name, server.fingerprint)}`, { mode: 0o600 });
  }

  #changed(name: string, known: string, server: TlsServer): CliError {
    return untrusted(
      [
        `the certificate of ${name} has CHANGED: somebody may be listening in, or the server got a new one.`,
        `  known: sha256:${known}`,
        `  now:   sha256:${server.fingerprint}`,
        `If the change is right, delete the line of ${name} in ${this.#settings.knownServersPath}.`,
      ].join('\n'),
    );
  }
}

function unknown(name: string, server: TlsServer): CliError {
  return untrusted(
    [
      `the certificate of ${name} cannot be verified: ${server.problem}.`,
      `If sha256:${server.fingerprint} is right, add: --fingerprint sha256:${server.fingerprint}`,
      '(--insecure believes any server; a password may then go to the wrong one)',
    ].join('\n'),
  );
}
