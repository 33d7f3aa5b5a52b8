import { ErrorCode } from '#softether';
import { bool, data, int, ip, many, str } from '../schema/field.ts';
import { operation } from './operation.ts';
import { refuse } from './refusal.ts';

const NO_PASSWORD = Buffer.alloc(20);
/** What a server starts with: as much of the cluster's work as any other. */
const DEFAULT_WEIGHT = 100;

export const clusterOperations = [
  operation({
    name: 'GetFarmSetting',
    noun: 'cluster',
    verb: 'show',
    about: 'Which part the server plays in a cluster: none.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {
      ServerType: int('0 stand-alone, 1 cluster controller, 2 cluster member'),
      Ports: many(int()),
      PublicIp: ip(),
      ControllerName: str(),
      ControllerPort: int(),
      MemberPassword: data(),
      MemberPasswordPlaintext: str(),
      Weight: int(),
      ControllerOnly: bool(),
    },
    run: () => ({
      ServerType: 0,
      Ports: [],
      PublicIp: '',
      ControllerName: '',
      ControllerPort: 0,
      MemberPassword: NO_PASSWORD,
      MemberPasswordPlaintext: '',
      Weight: DEFAULT_WEIGHT,
      ControllerOnly: false,
    }),
  }),
  operation({
    name: 'GetFarmInfo',
    noun: 'cluster',
    verb: 'show-member',
    about: 'One member of the cluster. This server is not a controller.',
    role: 'anyone',
    effect: 'read',
    input: { Id: int() },
    output: {},
    run: () => refuse(ErrorCode.NOT_FARM_CONTROLLER),
  }),
  operation({
    name: 'EnumFarmMember',
    noun: 'cluster',
    verb: 'list-members',
    about: 'The members of the cluster. This server is not a controller.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {},
    run: () => refuse(ErrorCode.NOT_FARM_CONTROLLER),
  }),
  operation({
    name: 'GetFarmConnectionStatus',
    noun: 'cluster',
    verb: 'connection',
    about: 'The connection to the controller. This server is not a member.',
    role: 'anyone',
    effect: 'read',
    input: {},
    output: {},
    run: () => refuse(ErrorCode.NOT_FARM_MEMBER),
  }),
];
