import { joined } from '../cluster/spread.ts';
import { int, list, str, type ValueOf } from '../schema/field.ts';
import { seesHub } from './caller.ts';
import type { AdminContext } from './context.ts';
import { operation } from './operation.ts';
import { hubTypeNumber, nameHere } from './server-role.ts';

const instanceColumns = {
  HubName: str(),
  HubType: int('0 stand-alone, 1 static, 2 dynamic'),
  Member: str('where it runs'),
  NumSessions: int(),
};

/** For those who ask another member which hubs run there. */
export const instancesQuestion = {
  name: 'HubfarmEnumInstance',
  effect: 'read',
  input: {},
  output: { InstanceList: list(instanceColumns) },
} as const;

export function instancesHere(context: AdminContext): readonly ValueOf<typeof instanceColumns>[] {
  return context.host.instances().map((hub) => ({
    HubName: hub.name,
    HubType: hubTypeNumber(context, hub.record.kind),
    Member: nameHere(context),
    NumSessions: hub.sessionCount,
  }));
}

export const hubInstanceOperations = [
  operation({
    ...instancesQuestion,
    noun: 'hub',
    verb: 'instances',
    about: 'The Virtual Hubs that run, and on which member; for a hub administrator the own one.',
    role: 'anyone',
    faces: 'json',
    run: (context, _input, { caller }) => ({
      InstanceList: instancesHere(context).filter(({ HubName }) => seesHub(caller, HubName)),
    }),
    across: joined((outputs) => ({ InstanceList: outputs.flatMap(({ output }) => output.InstanceList) })),
  }),
];
