import { ErrorCode } from '#softether';
import { hashOfText } from '../cluster/member-number.ts';
import type { LicenceDirectory, RegisteredLicence } from '../licences/licence-directory.ts';
import { bool, int, int64, list, str, time } from '../schema/field.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { refuse, type Refusal } from './refusal.ts';
import { nameHere, serverRole } from './server-role.ts';
import { testFields } from './structs/test.ts';

/** "As many as you like", on this wire. */
const UNLIMITED = 0xffff_ffff;
/** 0 would be "no licence". */
const editionNumbers = { standard: 1, enterprise: 2, carrier: 3 } as const;
const editionNames = {
  standard: 'Standard Edition',
  enterprise: 'Enterprise Edition',
  carrier: 'Carrier Edition',
} as const;
const STATUS_VALID = 0;
const STATUS_EXPIRED = 1;
/** Licences name the server that they are for with its name behind them. */
const SERVER_MARK = '@';

const idOf = ({ licence }: RegisteredLicence): number => hashOfText(licence.id) || 1;
const finite = (count: number): number => Math.min(count, UNLIMITED);

/** Licences are registered where the cluster is administered. */
function registry(context: AdminContext): LicenceDirectory | Refusal {
  if (context.licences === undefined) return refuse(ErrorCode.NOT_SUPPORTED);
  if (serverRole(context) === 'member') return refuse(ErrorCode.NOT_FARM_CONTROLLER);
  return context.licences;
}

export const licenceOperations = [
  operation({
    name: 'EnumLicenseKey',
    noun: 'licence',
    verb: 'list',
    about: 'Licences that are registered. None are needed unless the server was told whose licences to ask for.',
    role: 'server',
    effect: 'read',
    input: {},
    output: {
      NumItem: int(),
      LicenseKeyList: list({
        Id: int('names it, for DelLicenseKey'),
        LicenseKey: str('the server that it is registered for'),
        LicenseId: str(),
        LicenseName: str(),
        Expires: time(),
        Status: int('0 valid, 1 expired'),
        ProductId: int(),
        SystemId: int64(),
        SerialId: int(),
      }),
    },
    run: ({ licences }) => {
      if (licences === undefined) return refuse(ErrorCode.NOT_SUPPORTED);
      const all = licences.list();
      return {
        NumItem: all.length,
        LicenseKeyList: all.map((one) => ({
          Id: idOf(one),
          LicenseKey: one.server,
          LicenseId: one.licence.id,
          LicenseName: nameOf(one),
          Expires: one.licence.expiresAtMs,
          Status: one.isExpired ? STATUS_EXPIRED : STATUS_VALID,
          ProductId: one.licence.edition === undefined ? 0 : editionNumbers[one.licence.edition],
          SystemId: 0,
          SerialId: 0,
        })),
      };
    },
  }),
  operation({
    name: 'AddLicenseKey',
    noun: 'licence',
    verb: 'add',
    about:
      'Registers a licence for this server, or with @ and its name behind it for another server of the cluster. Asked at ' +
      'the controller. A licence that is registered for one server cannot be for another: the answer names both.',
    role: 'server',
    effect: 'change',
    input: testFields,
    output: testFields,
    run: async (context, input, call) => {
      const licences = registry(context);
      if (!('add' in licences)) return licences;
      const [text = '', server = nameHere(context)] = input.StrValue.trim().split(SERVER_MARK);
      const licence = await licences.add(text, server);
      call.changed(`licence ${licence.id}`, undefined, { ...licence, server });
      return input;
    },
  }),
  operation({
    name: 'DelLicenseKey',
    noun: 'licence',
    verb: 'delete',
    about: 'Takes a licence away. Sessions that are up go on.',
    role: 'server',
    effect: 'change',
    input: testFields,
    output: testFields,
    run: async (context, input, call) => {
      const licences = registry(context);
      if (!('add' in licences)) return licences;
      const found = licences.list().find((one) => idOf(one) === input.IntValue);
      const isDeleted = found !== undefined && (await licences.delete(found.licence.id));
      if (!isDeleted) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no licence ${input.IntValue}`);
      call.changed(`licence ${found.licence.id}`, { ...found.licence, server: found.server }, undefined);
      return input;
    },
  }),
  operation({
    name: 'GetLicenseStatus',
    noun: 'licence',
    verb: 'status',
    about: "The edition of this server, and how many sessions the cluster's licences allow at one time.",
    role: 'server',
    effect: 'read',
    input: {},
    output: {
      EditionId: int('0 none, 1 Standard, 2 Enterprise, 3 Carrier'),
      EditionStr: str(),
      SystemId: int64(),
      SystemExpires: time(),
      NumClientConnectLicense: int('4294967295 = unlimited'),
      NumBridgeConnectLicense: int('4294967295 = unlimited'),
      NeedSubscription: bool(),
      AllowEnterpriseFunction: bool(),
      SubscriptionExpires: time(),
      IsSubscriptionExpired: bool(),
      NumUserCreationLicense: int('4294967295 = unlimited'),
      ReleaseDate: time(),
    },
    run: (context) => {
      const { licences } = context;
      if (licences === undefined) return refuse(ErrorCode.NOT_SUPPORTED);
      const server = nameHere(context);
      const edition = licences.edition(server);
      const { client, bridge } = licences.limits();
      return {
        EditionId: edition === undefined ? 0 : editionNumbers[edition],
        EditionStr: edition === undefined ? 'No licence' : editionNames[edition],
        SystemId: 0,
        SystemExpires: 0,
        NumClientConnectLicense: finite(client),
        NumBridgeConnectLicense: finite(bridge),
        NeedSubscription: false,
        AllowEnterpriseFunction: licences.allowsClusters(server),
        SubscriptionExpires: 0,
        IsSubscriptionExpired: false,
        NumUserCreationLicense: UNLIMITED,
        ReleaseDate: 0,
      };
    },
  }),
];

/** What it gives, for people. */
function nameOf({ licence }: RegisteredLicence): string {
  const gives = [
    licence.edition === undefined ? '' : editionNames[licence.edition],
    licence.clients === 0 ? '' : `${licence.clients} clients`,
    licence.bridges === 0 ? '' : `${licence.bridges} bridges`,
  ].filter((part) => part !== '');
  return [licence.name, gives.join(', ')].filter((part) => part !== '').join(': ');
}
