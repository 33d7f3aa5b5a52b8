import { loadNativeLibrary, type NativeBasics } from '../native-library.ts';
import { closes, opens } from '../thread-descriptors.ts';

/** Functions of the C library. -1 = `errno()` says why. Memory is passed as a number, its address, or as a buffer for the call. */
export interface Kernel extends NativeBasics {
  fcntl(fd: number, command: number, value: number): number;
  accept4(fd: number, name: number, nameLength: number, flags: number): number;
  getsockname(fd: number, name: number, nameLength: number): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  recv(fd: number, to: number, size: number, flags: number): number;
  send(fd: number, from: number, size: number, flags: number): number;
  sendBytes(fd: number, bytes: Uint8Array, size: number, flags: number): number;
  copy(to: Buffer, from: number, size: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  /** What a native call that is not of this list has opened: to be closed by `close`. */
  own(fd: number): number;
  /** From now on somebody else closes it. */
  disown(fd: number): number;
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Buffer): number;
  epollWait(epoll: number, events: number, count: number, timeoutMs: number): number;
}

/** Functions of the OpenSSL that is part of the runtime. Pointers are numbers; 0 = none. */
export interface OpenSsl {
  serverMethod(): number;
  newContext(method: number): number;
  freeContext(context: number): void;
  controlContext(context: number, command: number, number: number, pointer: number): number;
  setContextOptions(context: number, options: number): number;
  setTicketCount(context: number, count: number): number;
  setCipherList(context: number, names: string): number;
  setCipherSuites(context: number, names: string): number;
  useCertificate(context: number, certificate: number): number;
  useKey(context: number, key: number): number;
  checkKey(context: number): number;
  addSession(context: number, session: number): number;
  removeSession(context: number, session: number): number;
  readCertificate(bio: number, to: number, ask: number, password: string): number;
  readKey(bio: number, to: number, ask: number, password: string): number;
  freeCertificate(certificate: number): void;
  freeKey(key: number): void;
  create(context: number): number;
  free(ssl: number): void;
  contextOf(ssl: number): number;
  setAccepting(ssl: number): void;
  setReader(ssl: number, bio: number): void;
  setWriter(ssl: number, bio: number): void;
  handshake(ssl: number): number;
  read(ssl: number, to: number, size: number): number;
  write(ssl: number, bytes: Uint8Array, size: number): number;
  shutdown(ssl: number): number;
  renegotiate(ssl: number): number;
  isRenegotiating(ssl: number): number;
  session(ssl: number): number;
  freeSession(session: number): void;
  cipher(ssl: number): number;
  cipherName(cipher: number): string;
  version(ssl: number): string;
  errorOf(ssl: number, result: number): number;
  clearErrors(): void;
  lastError(): number;
  errorText(error: number, to: Buffer, size: number): void;
  memoryBio(): number;
  newBio(method: number): number;
  newBioOf(bytes: Buffer, size: number): number;
  freeBio(bio: number): number;
  shareBio(bio: number): number;
  controlBio(bio: number, command: number, number: number, pointer: number): number;
  growMemory(memory: number, size: number): number;
}

export interface Native {
  readonly kernel: Kernel;
  readonly ssl: OpenSsl;
}

/** undefined where the library for native calls is missing, this is not Linux, or the runtime keeps its OpenSSL to itself. */
export async function loadNative(): Promise<Native | undefined> {
  try {
    return await load();
  } catch {
    return undefined;
  }
}

async function load(): Promise<Native> {
  const { basics, call } = await loadNativeLibrary();
  const close = call('int close(int fd)');
  const text = (declaration: string): ((pointer: number) => string) => {
    const get = call(declaration) as (pointer: number) => unknown;
    return (pointer) => String(get(pointer));
  };
  const kernel: Kernel = {
    ...basics,
    fcntl: call('int fcntl(int fd, int command, int value)'),
    accept4: opens(call('int accept4(int fd, uintptr_t name, uintptr_t nameLength, int flags)')),
    getsockname: call('int getsockname(int fd, uintptr_t name, uintptr_t nameLength)'),
    setsockopt: call('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    recv: call('intptr_t recv(int fd, uintptr_t to, size_t size, int flags)'),
    send: call('intptr_t send(int fd, uintptr_t from, size_t size, int flags)'),
    sendBytes: call('intptr_t send(int fd, void *bytes, size_t size, int flags)'),
    copy: call('uintptr_t memcpy(void *to, uintptr_t from, size_t size)'),
    shutdown: call('int shutdown(int fd, int how)'),
    close: closes(close),
    own: opens((fd) => Number(fd)),
    disown: closes(() => 0),
    epollCreate: opens(call('int epoll_create1(int flags)')),
    epollControl: call('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epollWait: call('int epoll_wait(int epoll, uintptr_t events, int count, int timeout)'),
  };
  const ssl: OpenSsl = {
    serverMethod: call('uintptr_t TLS_server_method()'),
    newContext: call('uintptr_t SSL_CTX_new(uintptr_t method)'),
    freeContext: call('void SSL_CTX_free(uintptr_t context)'),
    controlContext: call('long SSL_CTX_ctrl(uintptr_t context, int command, long number, uintptr_t pointer)'),
    setContextOptions: call('uint64_t SSL_CTX_set_options(uintptr_t context, uint64_t options)'),
    setTicketCount: call('int SSL_CTX_set_num_tickets(uintptr_t context, size_t count)'),
    setCipherList: call('int SSL_CTX_set_cipher_list(uintptr_t context, const char *names)'),
    setCipherSuites: call('int SSL_CTX_set_ciphersuites(uintptr_t context, const char *names)'),
    useCertificate: call('int SSL_CTX_use_certificate(uintptr_t context, uintptr_t certificate)'),
    useKey: call('int SSL_CTX_use_PrivateKey(uintptr_t context, uintptr_t key)'),
    checkKey: call('int SSL_CTX_check_private_key(uintptr_t context)'),
    addSession: call('int SSL_CTX_add_session(uintptr_t context, uintptr_t session)'),
    removeSession: call('int SSL_CTX_remove_session(uintptr_t context, uintptr_t session)'),
    readCertificate: call(
      'uintptr_t PEM_read_bio_X509(uintptr_t bio, uintptr_t to, uintptr_t ask, const char *password)',
    ),
    readKey: call(
      'uintptr_t PEM_read_bio_PrivateKey(uintptr_t bio, uintptr_t to, uintptr_t ask, const char *password)',
    ),
    freeCertificate: call('void X509_free(uintptr_t certificate)'),
    freeKey: call('void EVP_PKEY_free(uintptr_t key)'),
    create: call('uintptr_t SSL_new(uintptr_t context)'),
    free: call('void SSL_free(uintptr_t ssl)'),
    contextOf: call('uintptr_t SSL_get_SSL_CTX(uintptr_t ssl)'),
    setAccepting: call('void SSL_set_accept_state(uintptr_t ssl)'),
    setReader: call('void SSL_set0_rbio(uintptr_t ssl, uintptr_t bio)'),
    setWriter: call('void SSL_set0_wbio(uintptr_t ssl, uintptr_t bio)'),
    handshake: call('int SSL_do_handshake(uintptr_t ssl)'),
    read: call('int SSL_read(uintptr_t ssl, uintptr_t to, int size)'),
    write: call('int SSL_write(uintptr_t ssl, void *bytes, int size)'),
    shutdown: call('int SSL_shutdown(uintptr_t ssl)'),
    renegotiate: call('int SSL_renegotiate(uintptr_t ssl)'),
    isRenegotiating: call('int SSL_renegotiate_pending(uintptr_t ssl)'),
    session: call('uintptr_t SSL_get1_session(uintptr_t ssl)'),
    freeSession: call('void SSL_SESSION_free(uintptr_t session)'),
    cipher: call('uintptr_t SSL_get_current_cipher(uintptr_t ssl)'),
    cipherName: text('const char *SSL_CIPHER_get_name(uintptr_t cipher)'),
    version: text('const char *SSL_get_version(uintptr_t ssl)'),
    errorOf: call('int SSL_get_error(uintptr_t ssl, int result)'),
    clearErrors: call('void ERR_clear_error()'),
    lastError: call('unsigned long ERR_peek_last_error()'),
    errorText: call('void ERR_error_string_n(unsigned long error, void *to, size_t size)'),
    memoryBio: call('uintptr_t BIO_s_mem()'),
    newBio: call('uintptr_t BIO_new(uintptr_t method)'),
    newBioOf: call('uintptr_t BIO_new_mem_buf(void *bytes, int size)'),
    freeBio: call('int BIO_free(uintptr_t bio)'),
    shareBio: call('int BIO_up_ref(uintptr_t bio)'),
    controlBio: call('long BIO_ctrl(uintptr_t bio, int command, long number, uintptr_t pointer)'),
    growMemory: call('size_t BUF_MEM_grow(uintptr_t memory, size_t size)'),
  };
  return { kernel, ssl };
}

/** <bits/socket.h>, <asm-generic/errno.h> */
export const MSG_PEEK = 0x2;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;
export const EINTR = 4;
export const EAGAIN = 11;
