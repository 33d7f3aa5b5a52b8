import { certificateDer, certificatePem, inspectCertificate, isKeyOf, privateKeyDer, privateKeyPem } from '#base';
import { ErrorCode } from '#softether';
import type { ServerIdentity } from '#io';
import { data, int, optional, str } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';
import { testFields } from './structs/test.ts';

const keyPairFields = {
  Cert: optional(data('X.509, DER (PEM is taken too)')),
  Key: optional(data('private key, DER of PKCS#1 or SEC 1 (PKCS#8 and PEM are taken too)')),
  Flag1: int(),
};

/** For the audit log: which certificate it is, and never the key. */
function identityRecord({ certificatePem: pem, privateKeyPem: key }: ServerIdentity): object {
  const info = inspectCertificate(Buffer.from(pem));
  return { subject: info?.subjectText, certificateSha256: info?.sha256, privateKeyPem: key };
}

export const certificateOperations = [
  operation({
    name: 'GetServerCert',
    noun: 'certificate',
    verb: 'show',
    about: "The server's TLS certificate; for the server administrator with its private key.",
    role: 'anyone',
    effect: 'read',
    input: {},
    output: keyPairFields,
    run: (context, _input, { caller }) => {
      const identity = context.identity.current();
      return {
        Cert: certificateDer(Buffer.from(identity.certificatePem)),
        Key: caller.role === 'server' ? privateKeyDer(identity.privateKeyPem) : undefined,
        Flag1: 0,
      };
    },
  }),
  operation({
    name: 'SetServerCert',
    noun: 'certificate',
    verb: 'set',
    about: 'Replaces the TLS certificate and its private key. Connections that are up keep the old one.',
    role: 'server',
    effect: 'change',
    input: keyPairFields,
    output: keyPairFields,
    run: async (context, input, call) => {
      const { Cert: cert = Buffer.alloc(0), Key: keyBytes = Buffer.alloc(0) } = input;
      const certificate = certificatePem(cert);
      const key = privateKeyPem(keyBytes);
      if (certificate === undefined) return refuse(ErrorCode.PROTOCOL_ERROR, 'Cert holds no X.509 certificate');
      if (key === undefined) return refuse(ErrorCode.PROTOCOL_ERROR, 'Key holds no private key without password');
      if (!isKeyOf(cert, key))
        return refuse(ErrorCode.PROTOCOL_ERROR, 'the private key does not belong to the certificate');
      const before = context.identity.current();
      const identity = { certificatePem: certificate, privateKeyPem: key };
      await context.identity.replace(identity);
      call.changed('server certificate', identityRecord(before), identityRecord(identity));
      return input;
    },
  }),
  operation({
    name: 'RegenerateServerCert',
    noun: 'certificate',
    verb: 'regenerate',
    about: 'Makes a new key and a self-signed certificate with the common name of StrValue (empty: the host name).',
    role: 'server',
    effect: 'change',
    input: testFields,
    output: testFields,
    run: async (context, input, call) => {
      const before = context.identity.current();
      await context.identity.regenerate(input.StrValue === '' ? context.info.hostName : input.StrValue);
      call.changed('server certificate', identityRecord(before), identityRecord(context.identity.current()));
      return input;
    },
  }),
  operation({
    name: 'GetServerCipherList',
    noun: 'certificate',
    verb: 'list-ciphers',
    about: 'TLS ciphers that the server offers, best first.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { String: str('names, separated by semicolons') },
    run: (context) => ({ String: context.info.ciphers.join(';') }),
  }),
  operation({
    name: 'GetServerCipher',
    noun: 'certificate',
    verb: 'show-cipher',
    about: 'Which cipher is set for the server: none in particular, the first of the list that the client knows.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: { String: str() },
    run: () => ({ String: '~DEFAULT~' }),
  }),
];
