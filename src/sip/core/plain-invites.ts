import { isText } from '../message/byte-ranges.ts';
import type { NamedUser } from '../proxy/call-begin.ts';
import type { InvitePlaces } from '../proxy/invite-places.ts';
import type { PlainCalls } from '../proxy/plain-calls.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { Hop } from '../transport/hop.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { LocalUsers } from './local-users.ts';
import { onlyPlaceOf } from './only-place.ts';
import type { TrustedNetworks } from './trusted-networks.ts';

export interface PlainInvitesParts {
  readonly users: Pick<LocalUsers, 'isLocal' | 'named'>;
  readonly trusted: TrustedNetworks;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly transport: Pick<TransportLayer, 'isOwnAddress'>;
  readonly calls: PlainCalls;
}

/**
 * INVITEs that begin a call to one telephone of ours, by UDP on both sides, from somebody who need not prove who it is: what the links of
 * `Core` and `TargetFinder` would find out, from their bytes. All else it leaves as it is to the long way, which has the last
 * word: nothing has happened by then.
 */
export class PlainInvites {
  readonly #parts: PlainInvitesParts;

  constructor(parts: PlainInvitesParts) {
    this.#parts = parts;
  }

  /** A datagram. True: it was forwarded. False: nothing has been done with it. */
  take(bytes: Buffer, hop: Hop): boolean {
    const { users, trusted, location, calls } = this.#parts;
    const { invite } = calls;
    if (hop.transport !== 'udp' || !calls.read(bytes) || !isFromWhereItSays(invite, hop)) return false;
    const caller = userOf(bytes, invite.from);
    const isTrusted = trusted.has(hop);
    // Who says that it is an account of ours has to prove it.
    if (!isTrusted && users.isLocal(caller.host)) return false;
    const callee = userOf(bytes, invite.requestUri);
    const domain = this.#domainOf(callee, invite.requestUri.port, caller);
    const account = domain === undefined ? undefined : users.named(callee, domain);
    if (account?.isEnabled !== true) return false;
    const place = onlyPlaceOf(location.lookup(account.aor));
    // What is said to be here leads to another account.
    if (place === undefined || users.isLocal(place.address)) return false;
    return calls.begin(hop, { caller, callee, aor: account.aor, isTrusted, place });
  }

  /** As `localDomainOf`. */
  #domainOf({ host }: NamedUser, port: number, caller: NamedUser): string | undefined {
    const { users, transport } = this.#parts;
    if (users.isLocal(host)) return host;
    return transport.isOwnAddress(host, port === 0 ? undefined : port) ? caller.host : undefined;
  }
}

/** It comes from the address that its Via and its Contact have: its sender is reached there. */
function isFromWhereItSays({ bytes, topVia, contact }: InvitePlaces, { remoteAddress }: Hop): boolean {
  return (
    isText(bytes, topVia.hostStart, topVia.hostEnd, remoteAddress) &&
    isText(bytes, contact.hostStart, contact.hostEnd, remoteAddress)
  );
}

interface UserPlaces {
  readonly userStart: number;
  readonly userEnd: number;
  readonly hostStart: number;
  readonly hostEnd: number;
}

function userOf(bytes: Buffer, { userStart, userEnd, hostStart, hostEnd }: UserPlaces): NamedUser {
  return {
    scheme: 'sip',
    user: userEnd === userStart ? undefined : bytes.toString('latin1', userStart, userEnd),
    host: bytes.toString('latin1', hostStart, hostEnd).toLowerCase(),
  };
}
