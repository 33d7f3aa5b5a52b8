import { sha0 } from '#base';
import { ErrorCode } from '#softether';
import type { AdminContext } from './context.ts';
import { data, int, str, time, type ValueOf } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';
import { serverTypeNumber } from './server-role.ts';
import { testFields } from './structs/test.ts';

/** OSINFO; 3100 is "Linux" in SoftEther's table of systems. */
const OS_TYPE_LINUX = 3100;
const HASH_BYTES = 20;

const serverInfoFields = {
  ServerProductName: str(),
  ServerVersionString: str(),
  ServerBuildInfoString: str(),
  ServerVerInt: int('version × 100'),
  ServerBuildInt: int(),
  ServerHostName: str(),
  ServerType: int('0 stand-alone, 1 cluster controller, 2 cluster member'),
  ServerBuildDate: time(),
  ServerFamilyName: str(),
  OsType: int('3100 = Linux'),
  OsServicePack: int(),
  OsSystemName: str(),
  OsProductName: str(),
  OsVendorName: str(),
  OsVersion: str(),
  KernelName: str(),
  KernelVersion: str(),
};

function serverInfo(context: AdminContext): ValueOf<typeof serverInfoFields> {
  const { info } = context;
  return {
    ServerProductName: info.productName,
    ServerVersionString: info.versionText,
    ServerBuildInfoString: info.buildText,
    ServerVerInt: info.version,
    ServerBuildInt: info.build,
    ServerHostName: info.hostName,
    ServerType: serverTypeNumber(context),
    ServerBuildDate: info.buildDateMs,
    ServerFamilyName: info.familyName,
    OsType: OS_TYPE_LINUX,
    OsServicePack: 0,
    OsSystemName: info.os.systemName,
    OsProductName: info.os.productName,
    OsVendorName: info.os.vendorName,
    OsVersion: info.os.version,
    KernelName: info.os.kernelName,
    KernelVersion: info.os.kernelVersion,
  };
}

const passwordFields = {
  HashedPassword: data('SHA-0 of the password, 20 bytes'),
  PlainTextPassword: str('the password itself; counts where it is not empty'),
};

export const serverOperations = [
  operation({
    name: 'Test',
    noun: 'server',
    verb: 'test',
    about: 'Gives back what it was given, with the integer written as text.',
    role: 'anyone',
    effect: 'read',
    input: testFields,
    output: testFields,
    run: (_context, input) => ({ ...input, StrValue: String(input.IntValue) }),
  }),
  operation({
    name: 'GetServerInfo',
    noun: 'server',
    verb: 'info',
    about: 'Product, version, host and operating system of the server.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: serverInfoFields,
    run: serverInfo,
  }),
  operation({
    name: 'SetServerPassword',
    noun: 'server',
    verb: 'set-password',
    about: "Changes the server administrator's password. An empty one is refused: it would open the server to anybody.",
    role: 'server',
    effect: 'change',
    input: passwordFields,
    output: passwordFields,
    run: async (context, input, call) => {
      const plain = input.PlainTextPassword;
      const hashed = plain === '' ? input.HashedPassword : sha0(plain);
      if (hashed.length !== HASH_BYTES) {
        return refuse(ErrorCode.INVALID_PARAMETER, `HashedPassword has ${hashed.length} bytes; it must have 20`);
      }
      if (hashed.equals(sha0('')) || hashed.every((byte) => byte === 0)) {
        return refuse(ErrorCode.INVALID_PARAMETER, 'the server administrator must have a password: it cannot be empty');
      }
      const before = context.adminPassword.hashed();
      await context.adminPassword.set(hashed);
      call.changed('server administrator', { hashedPassword: before }, { hashedPassword: hashed });
      return { HashedPassword: hashed, PlainTextPassword: '' };
    },
  }),
  operation({
    name: 'Flush',
    noun: 'server',
    verb: 'flush',
    about: 'Does nothing, truly: every change is durable before it is acknowledged. The original writes its file here.',
    role: 'server',
    effect: 'read',
    input: testFields,
    output: testFields,
    run: (_context, input) => input,
  }),
];
