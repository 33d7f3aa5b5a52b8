/** Questions to the kernel's netfilter (NETLINK_NETFILTER), answered while the program waits, within some 10 µs. */
export interface Netfilter {
  /**
   * @param request a struct nlmsghdr and what belongs to it.
   * @returns copies of the datagrams of the answer, in order, each of one or several messages. None: the kernel could not be
   * asked. Who may not ask gets NLMSG_ERROR.
   */
  ask(request: Buffer): readonly Buffer[];
  close(): void;
}
