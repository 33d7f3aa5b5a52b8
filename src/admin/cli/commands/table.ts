import { addressTableCommands } from './address-tables.ts';
import { bridgeCommands } from './bridge.ts';
import { capabilityCommands } from './capabilities.ts';
import { certificateCommands } from './certificate.ts';
import { clusterCommands } from './cluster.ts';
import { clusterMemberCommands } from './cluster-member.ts';
import { clusterSettingCommands } from './cluster-setting.ts';
import type { Command } from './command.ts';
import { connectionCommands } from './connection.ts';
import { hubOptionCommands } from './hub-options.ts';
import { hubCommands } from './hub.ts';
import { licenceCommands } from './licence.ts';
import { listenerCommands } from './listener.ts';
import { localCommands } from './local.ts';
import { policyCommands } from './policy.ts';
import { serverCommands } from './server.ts';
import { sessionCommands } from './session.ts';
import { userAuthCommands } from './user-auth.ts';
import { userCommands } from './user.ts';

/** Every command of `hubfarm cmd`: parsing, prompts, help, completion and documentation come from here. */
export const commandTable: readonly Command[] = [
  ...localCommands,
  ...serverCommands,
  ...listenerCommands,
  ...certificateCommands,
  ...connectionCommands,
  ...capabilityCommands,
  ...clusterCommands,
  ...clusterSettingCommands,
  ...clusterMemberCommands,
  ...licenceCommands,
  ...bridgeCommands,
  ...hubCommands,
  ...hubOptionCommands,
  ...userCommands,
  ...userAuthCommands,
  ...policyCommands,
  ...sessionCommands,
  ...addressTableCommands,
];

/** The command of exactly this name, for callers that know it is there. */
export function commandNamed(name: string): Command {
  const found = commandTable.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}
