import { silentLogger } from '#base';
import { MemberBus, TlsLinks, type BusMember, type LinkMaker, type MemberId, type MemberSource } from '#cluster';
import { createNodeIo, type NodeIo } from '#io/node';
import type { MutualTlsIdentity } from '#io';

/** A directory that does not change. */
const fixedMembers = (members: readonly BusMember[]): MemberSource => ({
  busMembers: () => members,
  onChange: () => () => undefined,
});

export async function startBus(
  io: NodeIo,
  member: MemberId,
  makers: readonly LinkMaker[],
  members: readonly BusMember[],
): Promise<MemberBus> {
  const { clock, random } = io;
  const bus = new MemberBus({
    self: { member, boot: `boot of ${member}`.replaceAll(' ', '-') },
    cluster: 'bench',
    clock,
    random,
    logger: silentLogger,
    members: fixedMembers(members),
    makers,
  });
  await bus.start();
  return bus;
}

export const tlsLinks = (io: NodeIo, identity: MutualTlsIdentity): TlsLinks =>
  new TlsLinks({
    network: io.mutualTls,
    listen: { host: '127.0.0.1', port: 0 },
    identity: () => identity,
    logger: silentLogger,
  });

/** Certificates of one authority for `names`. */
export async function identitiesOf(names: readonly string[]): Promise<MutualTlsIdentity[]> {
  const { authorities } = createNodeIo();
  const validMs = 86_400_000;
  const authority = await authorities.makeAuthority({ commonName: 'bench', validMs });
  return Promise.all(
    names.map(async (commonName) => {
      const { requestDer, privateKeyPem } = await authorities.makeRequest(commonName);
      const made = { authority, requestDer, commonName, dnsNames: [], addresses: [], validMs };
      const certificatePem = await authorities.sign(made);
      return { certificatePem, privateKeyPem, authorityPem: authority.certificatePem };
    }),
  );
}
