import type { HubRecord } from '#hub';
import type { Endpoint } from '#io';
import type { PlaceOrder } from '../cluster/place-order.ts';

/** What is known of a log-in when its place is chosen: everything has been checked but the limits of the place. */
export interface PlacementRequest {
  readonly hub: HubRecord;
  readonly userName: string;
  readonly isAdministrator: boolean;
  readonly remote: Endpoint;
  /** Everything that another member has to know. */
  readonly order: PlaceOrder;
}

/** Where a session shall live. */
export type Place =
  | {
      readonly kind: 'here';
      /** As the controller of a cluster has named it; its limits have been looked at then. */
      readonly sessionName?: string;
      /** Called if no session comes of it. */
      readonly abandon?: () => void;
    }
  | {
      readonly kind: 'elsewhere';
      /** IPv4 text: the Redirect cannot carry another. Empty: the one that the client has reached this server at. */
      readonly address: string;
      /** The client takes the one that equals its present port, else the first. */
      readonly ports: readonly number[];
      /** 20 bytes, already known to the other member. */
      readonly ticket: Buffer;
      /** DER of the other member's listener certificate; a wrong one ends the session at its second connection. */
      readonly certificateDer: Buffer;
    }
  | { readonly kind: 'refused'; readonly code: number };

/** Chooses the member for a session. A stand-alone server has no choice. */
export interface Placement {
  place(request: PlacementRequest): Promise<Place> | Place;
}

export const admitHere: Placement = { place: () => ({ kind: 'here' }) };
