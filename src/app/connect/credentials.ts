import { CliError, ExitCode, type CliRuntime } from '#admin/cli';
import { certificateDer, isKeyOf } from '#base';
import { canSign, type Credentials } from '#softether';
import type { ConnectSettings } from './settings.ts';

const maxPasswordFileBytes = 4096;
const maxPemFileBytes = 256 * 1024;

const unusable = (message: string): CliError => new CliError('BAD_CREDENTIALS', ExitCode.usage, message);

/**
 * What the user is known by: a certificate, or a password from the option, the file, the environment or the person, in this
 * order. No password at all = anonymous. @throws CliError, IoError for files that cannot be used.
 */
export async function findCredentials(settings: ConnectSettings, runtime: CliRuntime): Promise<Credentials> {
  const { identity } = settings;
  if (identity !== undefined) return readIdentity(identity, runtime);
  const password = await findPassword(settings, runtime);
  if (password === undefined || password === '') return { kind: 'anonymous' };
  return { kind: settings.hasPlainPassword ? 'plainPassword' : 'password', password };
}

async function findPassword(
  { password, passwordFile, userName, hubName }: ConnectSettings,
  { files, terminal, environment }: CliRuntime,
): Promise<string | undefined> {
  if (password !== undefined) return password;
  if (passwordFile !== undefined) {
    return (await files.read(passwordFile, maxPasswordFileBytes)).toString('utf8').replace(/\r?\n$/, '');
  }
  const fromEnvironment = environment['HUBFARM_PASSWORD'];
  if (fromEnvironment !== undefined || !terminal.isInteractive) return fromEnvironment;
  return terminal.readSecret(`Password of ${userName} on hub ${hubName} (empty for none): `);
}

async function readIdentity(
  { certificateFile, keyFile }: NonNullable<ConnectSettings['identity']>,
  { files }: CliRuntime,
): Promise<Credentials> {
  const certificate = certificateDer(await files.read(certificateFile, maxPemFileBytes));
  const privateKey = await files.read(keyFile, maxPemFileBytes);
  if (certificate === undefined) throw unusable(`${certificateFile} is no certificate (PEM or DER)`);
  if (!canSign(privateKey)) {
    throw unusable(`${keyFile} cannot be used to log in: give an RSA key, as PEM or DER, without a passphrase`);
  }
  if (!isKeyOf(certificate, privateKey)) throw unusable(`${keyFile} is not the key of ${certificateFile}`);
  return { kind: 'certificate', certificateDer: certificate, privateKey };
}
