import { parseIpAddress } from '#base';
import { defaultMediaConfig, parsePortRange, portRangeText, type MediaConfig, type PortRange } from '#media';
import { choice, integer, integerOrAuto, optionalList, type Item, type Section, type Setting } from './setting.ts';

const defaults = defaultMediaConfig;
const day = 24 * 60 * 60;

const ports: Setting<PortRange> = {
  description:
    'Ports of this server for the media of calls, UDP. Each relayed stream takes two of them towards each side, so 10000-19999 is good for 2,500 calls with sound. Members of one server get an equal part each. Servers behind one public address need ranges that do not overlap: `hubfarm media check`.',
  expects: 'a range of ports such as "10000-19999", not below 1024',
  fallback: defaults.ports,
  fallbackToml: JSON.stringify(portRangeText(defaults.ports)),
  accept: (value) => {
    const range = typeof value === 'string' ? parsePortRange(value) : '';
    return typeof range === 'string' ? undefined : { value: range };
  },
  fromWord: (word) => word,
};

const address: Item<string> = {
  expects: 'an IP address such as "192.0.2.1" or "2001:db8::1"',
  decode: (value) => (typeof value === 'string' && parseIpAddress(value) !== undefined ? value : undefined),
  identity: (value) => value,
};

export const media: Section<MediaConfig> = {
  description: 'The media of calls: sound and pictures, as far as they go through this server.',
  settings: {
    ports,
    relay: choice(
      defaults.relay,
      ['auto', 'always', 'never'],
      'Which calls have their media relayed. "auto": those between the LAN and outside, with somebody behind a NAT (unless both are behind the same one), and between IPv4 and IPv6.',
    ),
    kernel: choice(
      defaults.kernel,
      ['auto', 'off'],
      '"auto": the kernel forwards media by nftables where the server may set that up (CAP_NET_ADMIN, forwarding on); else, and with "off", the server does.',
    ),
    timeoutS: integer(
      defaults.timeoutS,
      10,
      day,
      'When nothing comes from either side of a call for so many seconds, its media end and their ports are free.',
    ),
    heldTimeoutS: integer(defaults.heldTimeoutS, 10, day, 'The same, in seconds, while the call is on hold.'),
    drainS: integer(
      defaults.drainS,
      0,
      day,
      'How long, in seconds, `hubfarm cluster drain` waits at most for calls whose media go through the server that is drained. The one of the controller counts.',
    ),
    stopS: integer(
      defaults.stopS,
      0,
      day,
      'How long, in seconds, an orderly stop (SIGTERM) waits at most for calls whose media go through this server; new ones go to others meanwhile, or are refused. A second signal ends it at once. 0: it does not wait. Whoever stops it must be as patient: TimeoutStopSec of systemd.',
    ),
    whenFull: choice(
      defaults.whenFull,
      ['pass', 'refuse'],
      'What happens with a call whose media should be relayed when no port is left: "pass" = it goes on without the relay, and may be without sound; "refuse" = it is refused.',
    ),
    addresses: {
      ...optionalList(
        address,
        'Addresses of this machine that media use, one for each family: ["192.0.2.1", "2001:db8::1"]. Without this line: the one that leads to the other side.',
      ),
      fallback: [],
      accept: (value) => {
        const accepted = optionalList(address, '').accept(value);
        return accepted === undefined ? undefined : { value: accepted.value ?? [] };
      },
    },
    tos: integerOrAuto(
      defaults.tos,
      0,
      255,
      'The byte of IP type of service (DSCP times 4) of media: 184 is EF. "auto": as the system does.',
    ),
  },
};
