import { isKeyOf, privateKeyPem } from '#base';
import { CliError, ExitCode, localError } from '../exit-code.ts';
import { nothingToShow, notEmpty, showText, type Command, type Parameter } from './command.ts';
import { customCommand } from './kinds.ts';
import { readCertificate, readPrivateKey, saveCertificate } from './certificate-files.ts';

const file = (name: string, help: string, prompt: string): Parameter => ({ name, help, prompt, check: notEmpty });

/** A key is for its owner alone. */
const KEY_FILE_MODE = 0o600;

export const certificateCommands: readonly Command[] = [
  customCommand({
    name: 'ServerCertGet',
    title: 'Get SSL Certificate of VPN Server',
    help: 'Saves the certificate that the server shows to clients.',
    parameters: [file('[cert]', 'The file to write (PEM).', 'Save X.509 certificate to file name: ')],
    calls: ['GetServerCert'],
    run: async ({ api, files }, args) => {
      const identity = await api.call('GetServerCert');
      await saveCertificate(files, args.text('[cert]'), identity.bytes('Cert'));
      return nothingToShow;
    },
  }),
  customCommand({
    name: 'ServerKeyGet',
    title: 'Get SSL Certificate Private Key of VPN Server',
    help: 'Saves the private key of the server’s certificate, readable by you alone. Server administrators only.',
    parameters: [file('[key]', 'The file to write (PEM).', 'Save private key to file name: ')],
    calls: ['GetServerCert'],
    run: async ({ api, files }, args) => {
      const key = (await api.call('GetServerCert')).bytes('Key');
      if (key.length === 0) throw new CliError('REFUSED', ExitCode.refused, 'only a server administrator gets the key');
      const pem = privateKeyPem(key);
      if (pem === undefined) throw localError('the server sent something that is not a private key');
      await files.write(args.text('[key]'), pem, { mode: KEY_FILE_MODE });
      return nothingToShow;
    },
  }),
  customCommand({
    name: 'ServerCertSet',
    title: 'Set SSL Certificate and Private Key of VPN Server',
    help: 'Gives the server another certificate and its key; new connections see it at once.',
    parameters: [
      file('LOADCERT', 'File with the certificate (PEM or DER).', 'Read X.509 certificate from file name: '),
      file('LOADKEY', 'File with its private key (PEM or DER).', 'Read private key from file name: '),
    ],
    calls: ['SetServerCert'],
    run: async ({ api, files }, args) => {
      const certificate = await readCertificate(files, args.text('LOADCERT'));
      const key = await readPrivateKey(files, args.text('LOADKEY'));
      if (!isKeyOf(certificate, key)) throw localError('this private key does not belong to this certificate');
      await api.call('SetServerCert', { Cert_bin: certificate.toString('base64'), Key_bin: key.toString('base64') });
      return nothingToShow;
    },
  }),
  customCommand({
    name: 'ServerCertRegenerate',
    title: 'Generate New Self-Signed Certificate with Specified CN (Common Name) and Register on VPN Server',
    help: 'Makes a new key and a self-signed certificate, and gives both to the server.',
    parameters: [
      {
        name: '[CN]',
        help: 'The common name: the host name that clients connect to.',
        prompt: 'Value of Common Name (CN): ',
        check: notEmpty,
      },
    ],
    calls: ['RegenerateServerCert'],
    run: async ({ api }, args) => {
      await api.call('RegenerateServerCert', { StrValue_str: args.text('[CN]') });
      return showText(['', 'A new server certificate has been set.', '']);
    },
  }),
  customCommand({
    name: 'ServerCipherGet',
    title: 'Get the Encrypted Algorithm Used for VPN Communication.',
    help: 'Shows which TLS ciphers the server uses, and which it could use.',
    calls: ['GetServerCipher', 'GetServerCipherList'],
    run: async ({ api }) => {
      const current = (await api.call('GetServerCipher')).text('String');
      const usable = (await api.call('GetServerCipherList'))
        .text('String')
        .split(';')
        .filter((name) => name !== '');
      const lines = [
        'Encrypted Algorithm Currently Used by VPN Server:',
        ` ${current}`,
        '',
        'List of Usable Encrypted Algorithm Names:',
        ...usable.map((name) => ` ${name}`),
      ];
      return showText(lines, { current, usable });
    },
  }),
  customCommand({
    name: 'ServerCipherSet',
    title: 'Set the Encrypted Algorithm Used for VPN Communication.',
    help: 'Limits the server to these TLS ciphers, in OpenSSL’s notation.',
    parameters: [
      {
        name: '[name]',
        help: 'Cipher names, joined by colons.',
        prompt: 'Encrypted Algorithm Name to Specify: ',
        check: notEmpty,
      },
    ],
    calls: ['SetServerCipher'],
    run: async ({ api }, args) => {
      await api.call('SetServerCipher', { String_str: args.text('[name]') });
      return nothingToShow;
    },
  }),
];
