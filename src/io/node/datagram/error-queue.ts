import { MessageVector } from './message-vector.ts';
import { fixedBuffer, MSG_DONTWAIT, MSG_ERRQUEUE, type Native } from './native.ts';
import { portOf, SIZE_6, type SocketAddresses } from './socket-address.ts';

/** Behind struct cmsghdr of 64-bit Linux: ee_errno of struct sock_extended_err. */
const ERRNO_AT = 16;
const CONTROL_BYTES = 256;
/** Errors that are taken in one turn; a flood of them waits. */
const ERRORS_PER_TURN = 64;

/** What other machines answered to our datagrams by ICMP (ip(7), IP_RECVERR). */
export class ErrorQueue {
  readonly #native: Native;
  readonly #addresses: SocketAddresses;
  readonly #vector: MessageVector;
  readonly #control = fixedBuffer(CONTROL_BYTES);
  readonly #controlAddress: number;

  constructor(native: Native, addresses: SocketAddresses) {
    this.#native = native;
    this.#addresses = addresses;
    this.#vector = new MessageVector(native, 1);
    this.#controlAddress = native.addressOf(this.#control);
  }

  drain(fd: number, told: (address: string, port: number, error: number) => void): void {
    const vector = this.#vector;
    for (let i = 0; i < ERRORS_PER_TURN; i++) {
      vector.setNameLength(0, SIZE_6);
      vector.setControl(0, this.#controlAddress, CONTROL_BYTES);
      // The returned datagram itself is of no use: its piece has no room.
      if (this.#native.recvmsg(fd, vector.address, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
      told(this.#addresses.textAt(vector.names, 0), portOf(vector.names[0]!), this.#control.readUInt32LE(ERRNO_AT));
    }
  }
}
