import koffi from 'koffi';

type Argument = number | Buffer | string | null;

/** Functions of the C library and of the runtime's own OpenSSL. Pointers are numbers. */
const own = koffi.load(null);
const call = (declaration: string): ((...args: readonly Argument[]) => number) =>
  own.func(declaration) as (...args: readonly Argument[]) => number;
const text = (declaration: string): ((pointer: number) => string) =>
  own.func(declaration) as (pointer: number) => string;

export const libc = {
  socket: call('int socket(int domain, int type, int protocol)'),
  connect: call('int connect(int fd, const void *address, uint32_t length)'),
  setsockopt: call('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  shutdown: call('int shutdown(int fd, int how)'),
  close: call('int close(int fd)'),
  epollCreate: call('int epoll_create1(int flags)'),
  epollControl: call('int epoll_ctl(int epoll, int operation, int fd, const void *event)'),
  epollWait: call('int epoll_wait(int epoll, void *events, int count, int timeoutMs)'),
  errno: (): number => koffi.errno(),
} as const;

export const ssl = {
  clientMethod: call('uintptr_t TLS_client_method()'),
  newContext: call('uintptr_t SSL_CTX_new(uintptr_t method)'),
  setCipherList: call('int SSL_CTX_set_cipher_list(uintptr_t context, const char *list)'),
  setCipherSuites: call('int SSL_CTX_set_ciphersuites(uintptr_t context, const char *list)'),
  setAlpn: call('int SSL_CTX_set_alpn_protos(uintptr_t context, const void *names, uint32_t length)'),
  controlContext: call('long SSL_CTX_ctrl(uintptr_t context, int command, long number, const char *text)'),
  create: call('uintptr_t SSL_new(uintptr_t context)'),
  setDescriptor: call('int SSL_set_fd(uintptr_t ssl, int fd)'),
  setConnecting: call('void SSL_set_connect_state(uintptr_t ssl)'),
  handshake: call('int SSL_do_handshake(uintptr_t ssl)'),
  read: call('int SSL_read(uintptr_t ssl, void *bytes, int count)'),
  write: call('int SSL_write(uintptr_t ssl, const void *bytes, int count)'),
  error: call('int SSL_get_error(uintptr_t ssl, int result)'),
  clearErrors: call('void ERR_clear_error()'),
  shutdown: call('int SSL_shutdown(uintptr_t ssl)'),
  free: call('void SSL_free(uintptr_t ssl)'),
  version: text('const char *SSL_get_version(uintptr_t ssl)'),
  cipher: call('uintptr_t SSL_get_current_cipher(uintptr_t ssl)'),
  cipherName: text('const char *SSL_CIPHER_get_name(uintptr_t cipher)'),
  certificate: call('uintptr_t SSL_get1_peer_certificate(uintptr_t ssl)'),
  freeCertificate: call('void X509_free(uintptr_t certificate)'),
  encodeCertificate: call('int i2d_X509(uintptr_t certificate, void *bytes)'),
} as const;

/** Where the bytes of `buffer` begin. */
export const addressOf = (buffer: Buffer): bigint => koffi.address(buffer);
