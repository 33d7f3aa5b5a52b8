import type { LocalFace } from './local-faces.ts';
import type { LearnRule, MediaAddress } from './relay/relay.ts';
import { relayReasons, type CallFacts, type PartyFacts, type RelayReason } from './relay-rules.ts';
import type { Direction } from './sdp/media-description.ts';
import type { Sides } from './session-plan.ts';
import type { SideMedia, SideStream } from './side-media.ts';
import type { StreamPorts } from './stream-ports.ts';

/** All that somebody else needs to go on with the media of a call that is up, under the same addresses and ports. */
export interface CallCopy {
  readonly reason: RelayReason;
  readonly facts: CallFacts;
  readonly faces: Readonly<Sides<LocalFace>>;
  /** By the order of the m= lines, as are the names. */
  readonly ports: readonly (StreamPorts | undefined)[];
  readonly names: readonly string[];
  readonly media: Readonly<Sides<SideMedia | undefined>>;
  /** Added to the versions of descriptions (o=). */
  readonly newer: number;
}

const MOST_STREAMS = 64;
const MOST_ADDRESSES = 64;
const MOST_CHARS = 256;
const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

type Fields = Readonly<Record<string, unknown>>;

class NotACopy extends Error {}

/** What `JSON.stringify` made of a copy, parsed; undefined: it is none. */
export function readCallCopy(value: unknown): CallCopy | undefined {
  try {
    return copyOf(fields(value));
  } catch (error) {
    if (error instanceof NotACopy) return undefined;
    throw error;
  }
}

function copyOf({ reason, facts, faces, ports, names, media, newer }: Fields): CallCopy {
  const said = fields(facts);
  return {
    reason: oneOf(relayReasons, reason),
    facts: {
      ...sides(said, partyOf),
      isAskedFor: flag(said['isAskedFor']),
      isUnderWay: flag(said['isUnderWay']),
    },
    faces: sides(fields(faces), (face) => ({ bound: text(face['bound']), told: text(face['told']) })),
    ports: list(ports, MOST_STREAMS, optional(portsOf)),
    names: list(names, MOST_STREAMS, text),
    media: sides(fields(media), mediaOf, true),
    newer: count(newer, Number.MAX_SAFE_INTEGER),
  };
}

function sides<T>(of: Fields, read: (side: Fields) => T): Sides<T>;
function sides<T>(of: Fields, read: (side: Fields) => T, isOptional: true): Sides<T | undefined>;
function sides<T>({ a, b }: Fields, read: (side: Fields) => T, isOptional = false): Sides<T | undefined> {
  const one = (side: unknown): T | undefined => (isOptional ? optional(read)(side) : read(fields(side)));
  return { a: one(a), b: one(b) };
}

const partyOf = ({ address, isBehindNat }: Fields): PartyFacts => ({
  address: text(address),
  isBehindNat: flag(isBehindNat),
});

const portsOf = ({ a, b }: Fields): StreamPorts => ({ a: portOf(a), b: portOf(b) });

const mediaOf = ({ streams, carriers }: Fields): SideMedia => ({
  streams: list(streams, MOST_STREAMS, optional(streamOf)),
  carriers: list(carriers, MOST_STREAMS, (one) => count(one, MOST_STREAMS)),
});

function streamOf(stream: Fields): SideStream {
  const { media, kind, remote, remoteControl, learn, isDeaf, isMuxed, direction } = stream;
  return {
    media: text(media),
    kind: oneOf(['rtp', 'udp'] as const, kind),
    remote: optional(addressOf)(remote),
    remoteControl: optional(addressOf)(remoteControl),
    learn: learnOf(fields(learn)),
    isDeaf: flag(isDeaf),
    isMuxed: flag(isMuxed),
    direction: oneOf(directions, direction),
  };
}

const addressOf = ({ address, port }: Fields): MediaAddress => ({ address: text(address), port: portOf(port) });

const learnOf = ({ addresses, isAnySourceAccepted }: Fields): LearnRule => ({
  addresses: list(addresses, MOST_ADDRESSES, text),
  isAnySourceAccepted: flag(isAnySourceAccepted),
});

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotACopy();
  return value as Fields;
}

/** JSON has null in lists where there was nothing, and leaves fields out. */
const optional =
  <T>(read: (of: Fields) => T) =>
  (value: unknown): T | undefined =>
    value === undefined || value === null ? undefined : read(fields(value));

function list<T>(value: unknown, most: number, read: (one: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > most) throw new NotACopy();
  return value.map((one: unknown) => read(one));
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > MOST_CHARS) throw new NotACopy();
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new NotACopy();
  return value;
}

function count(value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most) throw new NotACopy();
  return value;
}

const portOf = (value: unknown): number => count(value, 65_535);

function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new NotACopy();
  return found;
}
