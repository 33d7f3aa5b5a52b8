import type { LocalFace } from './local-faces.ts';
import type { RelayPlan, StreamPlan } from './relay/relay.ts';
import type { CallFacts } from './relay-rules.ts';
import type { MediaConfig } from './settings.ts';
import { sidePlan, type SideMedia } from './side-media.ts';
import type { StreamPorts } from './stream-ports.ts';

/** One of each party. */
export interface Sides<T> {
  a: T;
  b: T;
}

export interface PlanParts {
  /** By the order of the m= lines. */
  readonly ports: readonly (StreamPorts | undefined)[];
  readonly faces: Readonly<Sides<LocalFace>>;
  readonly facts: CallFacts;
  readonly media: Readonly<Sides<SideMedia | undefined>>;
  readonly timeoutMs: number;
}

export function relayPlan({ ports, faces, facts, media, timeoutMs }: PlanParts): RelayPlan {
  const streams = ports.map((pair, index): StreamPlan | undefined => {
    if (pair === undefined) return undefined;
    const a = media.a?.streams[index];
    const b = media.b?.streams[index];
    return {
      kind: a?.kind ?? b?.kind ?? 'udp',
      a: sidePlan(a, facts.a, { address: faces.a.bound, port: pair.a }),
      b: sidePlan(b, facts.b, { address: faces.b.bound, port: pair.b }),
      isMuxed: a?.isMuxed === true && b?.isMuxed === true,
    };
  });
  return { streams, timeoutMs };
}

/** How long silence may last: of a call that both sides speak in, or of one on hold. */
export function silenceMs(
  { a, b }: Readonly<Sides<SideMedia | undefined>>,
  { timeoutS, heldTimeoutS }: Pick<MediaConfig, 'timeoutS' | 'heldTimeoutS'>,
): number {
  return 1000 * (isSpeaking(a) && isSpeaking(b) ? timeoutS : Math.max(timeoutS, heldTimeoutS));
}

function isSpeaking(media: SideMedia | undefined): boolean {
  if (media === undefined) return true;
  return media.streams.some((stream) => stream !== undefined && !stream.isDeaf && stream.direction === 'sendrecv');
}

/** What is valid, with the streams of an offer that were not there before. */
export function withAdded(
  media: Readonly<Sides<SideMedia | undefined>>,
  from: keyof Sides<unknown>,
  offered: SideMedia,
): Sides<SideMedia | undefined> {
  const known = media[from]?.streams ?? [];
  const streams = offered.streams.map((stream, index) => known[index] ?? stream);
  return { ...media, [from]: { ...offered, streams } };
}
