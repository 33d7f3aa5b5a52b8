import { hubKeyOf, type Policy } from '#hub';
import { policyOfMessage, policyToSend, type Message } from './message.ts';

/** Which connection licence a session takes (product: internal and administration sessions, and this very machine, take none). */
export type LicenceKind = 'none' | 'client' | 'bridge';

/** A user who has proved who he is, and waits for a place. Everything that another member needs to know of him. */
export interface PlaceOrder {
  readonly hubName: string;
  /** Lower-cased, as it was authenticated. */
  readonly userName: string;
  /** Of the record that it stands for. */
  readonly realUserName: string;
  readonly groupName: string;
  readonly isAdministrator: boolean;
  /** In force at the log-in: the user's own, else the group's, else the default. */
  readonly policy: Policy;
  /** Stands for the password or certificate at the log-in (see `credentialOf`). */
  readonly credential: string;
  /** The client's machine, hex, or empty: its own earlier sessions are not held against the user. */
  readonly machine: string;
  readonly licence: LicenceKind;
}

/** What a ticket is good for. */
export interface ExpectedSession extends PlaceOrder {
  /** As the controller named it, unique in the cluster: `SID-<USER>-<n>` */
  readonly sessionName: string;
}

/** One session of the cluster, as the controller's ledger knows it. */
export interface SessionRow {
  readonly hubName: string;
  readonly name: string;
  /** Lower-cased. */
  readonly userName: string;
  readonly machine: string;
  readonly isAdministrator: boolean;
  readonly licence: LicenceKind;
}

export const rowKey = (hubName: string, sessionName: string): string =>
  `${hubKeyOf(hubName)}/${sessionName.toUpperCase()}`;

export function rowOfExpected(session: ExpectedSession): SessionRow {
  const { hubName, sessionName, userName, machine, isAdministrator, licence } = session;
  return { hubName, name: sessionName, userName, machine, isAdministrator, licence };
}

const licenceKinds = ['none', 'client', 'bridge'] as const;

/** As it goes over the bus; `placeOrderOf` and `expectedSessionOf` make it whole again. */
export const orderToSend = <T extends PlaceOrder>(order: T) => ({ ...order, policy: policyToSend(order.policy) });

/** @throws BadMessage */
export function placeOrderOf(message: Message): PlaceOrder {
  return {
    hubName: message.text('hubName'),
    userName: message.text('userName'),
    realUserName: message.text('realUserName'),
    groupName: message.text('groupName'),
    isAdministrator: message.flag('isAdministrator'),
    policy: policyOfMessage(message.object('policy')),
    credential: message.text('credential'),
    machine: message.text('machine'),
    licence: message.oneOf('licence', licenceKinds),
  };
}

/** @throws BadMessage */
export function expectedSessionOf(message: Message): ExpectedSession {
  return { ...placeOrderOf(message), sessionName: message.text('sessionName') };
}

/** @throws BadMessage */
export function sessionRowOf(message: Message): SessionRow {
  return {
    hubName: message.text('hubName'),
    name: message.text('name'),
    userName: message.text('userName'),
    machine: message.text('machine'),
    isAdministrator: message.flag('isAdministrator'),
    licence: message.oneOf('licence', licenceKinds),
  };
}
