import type { Host, Network } from './namespaces.ts';

const lan = '192.168.50';

/** A home: a router that hides its network behind its own address, and forgets UDP after 30 s without traffic. */
export class Home {
  readonly router: Host;
  readonly #network: Network;
  #hosts = 0;

  private constructor(network: Network, router: Host) {
    this.#network = network;
    this.router = router;
  }

  static async build(network: Network): Promise<Home> {
    const router = network.host('router');
    const rules = [
      'table ip home {',
      'chain out {',
      'type nat hook postrouting priority 100;',
      'oifname "eth0" masquerade',
      '}',
      'chain in {',
      'type filter hook forward priority 0; policy drop;',
      'ct state established,related accept',
      'iifname "lan" accept',
      '}',
      '}',
      '',
    ].join('\n');
    await router.mustRun('ip', ['link', 'add', 'lan', 'type', 'bridge']);
    await router.configure('lan', `${lan}.1/24`);
    await router.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    await router.mustRun('nft', ['-f', '-'], { input: rules });
    for (const name of ['udp_timeout', 'udp_timeout_stream']) {
      await router.mustRun('sysctl', ['-qw', `net.netfilter.nf_conntrack_${name}=30`]);
    }
    return new Home(network, router);
  }

  /** A machine inside: it reaches everybody, and nobody reaches it unasked. */
  async host(name: string): Promise<Host> {
    const host = this.#network.host(name);
    const { router } = this;
    const port = `port${++this.#hosts}`;
    await host.mustRun('ip', ['link', 'del', 'eth0']);
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', host.namespace];
    await router.mustRun('ip', ['link', 'add', port, ...peer]);
    await router.mustRun('ip', ['link', 'set', port, 'master', 'lan', 'up']);
    await host.configure('eth0', `${lan}.${10 + this.#hosts}/24`);
    await host.mustRun('ip', ['route', 'add', 'default', 'via', `${lan}.1`]);
    return host;
  }
}
