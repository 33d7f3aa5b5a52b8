import { certificateDer } from '#base';
import type { UserAuth } from '#hub';
import { ErrorCode, ntHash, userPasswordHash } from '#softether';
import { data, int, optional, str, unistr, type ValueOf } from '../schema/field.ts';
import { refuse, type Refusal } from './refusal.ts';

/** AUTHDATA: only the fields of the type that AuthType names are sent. */
export const authFields = {
  AuthType: int('0 anonymous, 1 password, 2 certificate, 3 signed certificate, 4 RADIUS, 5 NT domain'),
  HashedKey: optional(data('type 1: SHA-0 of the password and the user name in capitals, 20 bytes')),
  NtLmSecureHash: optional(data('type 1: MD4 of the password in UTF-16, 16 bytes; may be zeros')),
  UserX: optional(data('type 2: X.509, DER (PEM is taken too)')),
  Serial: optional(data('type 3')),
  CommonName: optional(unistr('type 3')),
  RadiusUsername: optional(unistr('type 4')),
  NtUsername: optional(unistr('type 5')),
};

/** What SetUser and CreateUser take besides. */
export const authInputFields = {
  ...authFields,
  AuthType: optional(authFields.AuthType),
  Auth_Password: optional(str('type 1: the password itself, instead of the hashes')),
};

const HASH_BYTES = 20;
const NT_HASH_BYTES = 16;

export function authOutput(auth: UserAuth): ValueOf<typeof authFields> {
  switch (auth.kind) {
    case 'anonymous':
      return { AuthType: 0 };
    case 'password':
      return {
        AuthType: 1,
        HashedKey: Buffer.from(auth.hashedKey, 'hex'),
        NtLmSecureHash: Buffer.from(auth.ntHash, 'hex'),
      };
    case 'userCertificate':
      return { AuthType: 2, UserX: Buffer.from(auth.certificate, 'base64') };
    case 'signedCertificate':
      return { AuthType: 3, Serial: Buffer.from(auth.serial, 'hex'), CommonName: auth.commonName };
    case 'radius':
      return { AuthType: 4, RadiusUsername: auth.radiusName };
    case 'ntDomain':
      return { AuthType: 5, NtUsername: auth.ntName };
  }
}

/** How the input wants the user to prove who they are; undefined = nothing said. */
export function authInput(userName: string, input: ValueOf<typeof authInputFields>): UserAuth | Refusal | undefined {
  switch (input.AuthType) {
    case undefined:
      return undefined;
    case 0:
      return { kind: 'anonymous' };
    case 1:
      return passwordAuth(userName, input);
    case 2:
      return certificateAuth(input.UserX);
    case 3:
    case 4:
    case 5:
      // Such a user could never log in: certificate authorities, RADIUS and NT domains are not there yet.
      return refuse(ErrorCode.NOT_SUPPORTED, `AuthType ${input.AuthType} is not supported by this server`);
    default:
      return refuse(ErrorCode.INVALID_PARAMETER, `AuthType ${input.AuthType} does not exist`);
  }
}

function passwordAuth(userName: string, input: ValueOf<typeof authInputFields>): UserAuth | Refusal {
  const { Auth_Password: password, HashedKey: hashedKey } = input;
  if (password !== undefined && password !== '') {
    return {
      kind: 'password',
      hashedKey: userPasswordHash(password, userName).toString('hex'),
      ntHash: ntHash(password).toString('hex'),
    };
  }
  // Zeros would let in whoever proves to know zeros.
  if (hashedKey?.length !== HASH_BYTES || hashedKey.every((byte) => byte === 0)) {
    return refuse(
      ErrorCode.INVALID_PARAMETER,
      'AuthType 1 wants Auth_Password, or HashedKey of 20 bytes that are not zeros',
    );
  }
  const given = input.NtLmSecureHash;
  return {
    kind: 'password',
    hashedKey: hashedKey.toString('hex'),
    ntHash: (given?.length === NT_HASH_BYTES ? given : Buffer.alloc(NT_HASH_BYTES)).toString('hex'),
  };
}

function certificateAuth(certificate: Buffer | undefined): UserAuth | Refusal {
  const der = certificateDer(certificate ?? Buffer.alloc(0));
  if (der === undefined) return refuse(ErrorCode.INVALID_PARAMETER, 'AuthType 2 wants an X.509 certificate in UserX');
  return { kind: 'userCertificate', certificate: der.toString('base64') };
}
