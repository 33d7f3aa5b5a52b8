import { localError } from '../exit-code.ts';
import type { JsonObject } from '../json-document.ts';
import { parseLocalTime } from '../output/format.ts';
import { userPasswordHashes } from '../password-hashes.ts';
import { readCertificate, saveCertificate } from './certificate-files.ts';
import { nothingToShow, notEmpty, type Command, type Parameter } from './command.ts';
import { customCommand } from './kinds.ts';
import { loadUser, userChange, userName } from './user-record.ts';
import { AuthType } from './words.ts';

/** A way to log in replaces the one before: fields of the others must not stay. */
const onlyAuth = (type: number, fields: JsonObject = {}): JsonObject => ({
  AuthType_u32: type,
  HashedKey_bin: '',
  NtLmSecureHash_bin: '',
  UserX_bin: '',
  Serial_bin: '',
  CommonName_utf: '',
  RadiusUsername_utf: '',
  NtUsername_utf: '',
  ...fields,
});

const alias: Parameter = {
  name: 'ALIAS',
  help: 'The name that the authentication server knows the user by; none = the same name.',
  prompt: 'Alias Name for Authentication (Optional): ',
};

const isTime = (value: string): string | undefined =>
  value === '' || parseLocalTime(value) !== undefined
    ? undefined
    : 'The date and time specification is invalid. Write it as "2005/10/08 19:30:00", in local time, or none.';

export const userAuthCommands: readonly Command[] = [
  userChange({
    name: 'UserAnonymousSet',
    title: 'Set Anonymous Authentication for User Auth Type',
    help: 'Lets anybody who gives the user’s name log in, without a password.',
    change: () => onlyAuth(AuthType.anonymous),
  }),
  userChange({
    name: 'UserPasswordSet',
    title: 'Set Password Authentication for User Auth Type and Set Password',
    help: 'Lets the user log in with this password.',
    parameters: [{ name: 'PASSWORD', help: 'The new password.', prompt: 'Password: ', isSecret: true }],
    change: (_context, args, user) =>
      onlyAuth(AuthType.password, userPasswordHashes(user.text('Name'), args.text('PASSWORD'))),
  }),
  userChange({
    name: 'UserCertSet',
    title: 'Set Individual Certificate Authentication for User Auth Type and Set Certificate',
    help: 'Lets the user log in with the private key of this one certificate.',
    parameters: [
      {
        name: 'LOADCERT',
        help: 'File with the certificate (PEM or DER).',
        prompt: 'Read X.509 certificate from file name: ',
        check: notEmpty,
      },
    ],
    change: async ({ files }, args) => {
      const certificate = await readCertificate(files, args.text('LOADCERT'));
      return onlyAuth(AuthType.certificate, { UserX_bin: certificate.toString('base64') });
    },
  }),
  customCommand({
    name: 'UserCertGet',
    title: 'Get Certificate Registered for Individual Certificate Authentication User',
    help: 'Saves the certificate with which the user logs in to a file.',
    parameters: [
      userName,
      {
        name: 'SAVECERT',
        help: 'The file to write (PEM).',
        prompt: 'Save X.509 certificate to file name: ',
        check: notEmpty,
      },
    ],
    needsHub: true,
    calls: ['GetUser'],
    run: async (context, args) => {
      const user = await loadUser(context, args.text('[name]'));
      const certificate = user.bytes('UserX');
      if (user.integer('AuthType') !== AuthType.certificate || certificate.length === 0) {
        throw localError(
          'Either the user is not set as individual certificate authentication or a unique certificate is not set.',
        );
      }
      await saveCertificate(context.files, args.text('SAVECERT'), certificate);
      return nothingToShow;
    },
  }),
  userChange({
    name: 'UserSignedSet',
    title: 'Set Signed Certificate Authentication for User Auth Type',
    help: 'Lets the user log in with any certificate that a trusted authority of the hub signed.',
    parameters: [
      {
        name: 'CN',
        help: 'Only certificates of this common name; none = any.',
        prompt: 'Limit of Common Name (CN) Value: ',
      },
      {
        name: 'SERIAL',
        help: 'Only the certificate of this serial number, in hexadecimal; none = any.',
        prompt: 'Limit of Serial Number Value: ',
        check: (value) => (/^[0-9a-f\s:]*$/i.test(value) ? undefined : 'The serial number must be hexadecimal.'),
      },
    ],
    change: (_context, args) =>
      onlyAuth(AuthType.signed, {
        CommonName_utf: args.text('CN'),
        Serial_bin: Buffer.from(args.text('SERIAL').replace(/[\s:]/g, ''), 'hex').toString('base64'),
      }),
  }),
  userChange({
    name: 'UserRadiusSet',
    title: 'Set RADIUS Authentication for User Auth Type',
    help: 'Asks the hub’s RADIUS server whether the password is right.',
    parameters: [alias],
    change: (_context, args) => onlyAuth(AuthType.radius, { RadiusUsername_utf: args.text('ALIAS') }),
  }),
  userChange({
    name: 'UserNTLMSet',
    title: 'Set NT Domain Authentication for User Auth Type',
    help: 'Asks the Windows domain whether the password is right.',
    parameters: [alias],
    change: (_context, args) => onlyAuth(AuthType.ntDomain, { NtUsername_utf: args.text('ALIAS') }),
  }),
  userChange({
    name: 'UserExpiresSet',
    title: "Set User's Expiration Date",
    help: 'Sets the moment after which the user can no longer log in.',
    parameters: [
      {
        name: 'EXPIRES',
        help: 'As "2005/10/08 19:30:00", in local time; none = never.',
        prompt: 'User Expiration Date (no expiration if nothing specified): ',
        check: isTime,
      },
    ],
    change: (_context, args) => {
      const at = parseLocalTime(args.text('EXPIRES'));
      // 0 is read as "no time"; a date in RFC 3339 as that date.
      return { ExpireTime_dt: at === undefined ? 0 : new Date(at).toISOString() };
    },
  }),
];
